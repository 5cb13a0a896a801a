"""Keys that were made elsewhere are on record, and nothing else becomes of them here."""

from typing import Any

import pytest

from limi.features.client_secrets.announcements import AnnouncementService
from limi.features.client_secrets.errors import ForbiddenError, IdempotencyConflictError, InvalidMintError
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore, Repeat, Sealer
from limi.features.client_secrets.models import ModelCatalogue
from limi.kernel.facts import Origin
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import Principal, Scope
from limi.kernel.secret import Secret
from limi.kernel.settings import ModelSettings
from limi.testing import CountingIds, ManualClock
from tests.unit.features.client_secrets.harness import StepJournal

_INTEGRATION = Principal(caller="key:k1", scopes=frozenset({Scope.WEBHOOK}), tenant="acme")
_ORIGIN = Origin(request_id="req-1", caller="key:k1", tenant="acme")


class _Office:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.journal = StepJournal()
        self.service = AnnouncementService(
            journal=self.journal,
            models=ModelCatalogue(settings=ModelSettings(), clock=self.clock),
            repeats=InMemoryIdempotencyStore(clock=self.clock, max_entries=10),
            sealer=Sealer(b"0" * 32),
            clock=self.clock,
            ids=CountingIds(),
        )

    async def announce(self, *, ends_in: float = 600, principal: Principal = _INTEGRATION, **members: Any) -> bool:
        asked = {"session_id": "s1", "model": "gpt-realtime-2.1", "origin": _ORIGIN, **members}
        ends = int(self.clock.now() + ends_in)
        return await self.service.announce(expires_at=ends, principal=principal, **asked)


@pytest.fixture
def office() -> _Office:
    return _Office()


async def test_it_is_recorded_under_the_tenants_name_for_the_session(office: _Office) -> None:
    assert await office.announce() is False
    (fact,) = office.journal.facts
    assert (fact.event.value, fact.session_id, fact.model) == ("token.announced", "acme_s1", "gpt-realtime-2.1")
    assert (fact.expires_at, fact.origin, fact.at) == (int(office.clock.now()) + 600, _ORIGIN, office.clock.now())


async def test_an_alias_is_recorded_as_what_it_means(office: _Office) -> None:
    await office.announce(model="gpt-4o-mini-realtime-preview")
    assert office.journal.facts[0].model == "gpt-realtime-mini"


async def test_a_model_that_has_ended_stays_what_the_key_was_made_for(office: _Office) -> None:
    office.clock.advance(400 * 86_400)
    await office.announce(model="gpt-realtime")
    assert office.journal.facts[0].model == "gpt-realtime"


@pytest.mark.parametrize("ends_in", [-86_402, 86_402, 1e12])
async def test_an_end_far_from_now_is_refused(office: _Office, ends_in: float) -> None:
    with pytest.raises(InvalidMintError, match="expiresAt: must be a time in whole Unix seconds"):
        await office.announce(ends_in=ends_in)
    assert office.journal.facts == []


async def test_an_unknown_model_is_refused_with_those_there_are(office: _Office) -> None:
    with pytest.raises(InvalidMintError, match=r"model: must be one of .*gpt-realtime-mini"):
        await office.announce(model="gpt-5")


async def test_who_may_not_ask_for_a_model_may_not_announce_it(office: _Office) -> None:
    bounded = Principal(
        caller="key:k1", scopes=frozenset({Scope.WEBHOOK}), models=frozenset({"gpt-4-realtime", "x"})
    )
    with pytest.raises(ForbiddenError, match=r"model: `gpt-realtime-2\.1` is not among"):
        await office.announce(principal=bounded)
    await office.announce(principal=bounded, model="gpt-realtime")
    assert len(office.journal.facts) == 1


async def test_a_repeat_is_recorded_once(office: _Office) -> None:
    repeat = Repeat(scope="acme/key:k1", key=Secret("order-1"), body=b"{}")
    assert [await office.announce(repeat=repeat) for _ in range(3)] == [False, True, True]
    assert len(office.journal.facts) == 1
    other = Repeat(scope="acme/key:k2", key=Secret("order-1"), body=b"{}")
    assert await office.announce(repeat=other) is False, "another caller's is another"
    with pytest.raises(IdempotencyConflictError):
        await office.announce(repeat=Repeat(scope="acme/key:k1", key=Secret("order-1"), body=b"[]"))


async def test_what_could_not_be_recorded_is_recorded_by_the_repeat(office: _Office) -> None:
    repeat = Repeat(scope="acme/key:k1", key=Secret("order-1"), body=b"{}")
    office.journal.broken = True
    with pytest.raises(JournalUnavailableError):
        await office.announce(repeat=repeat)
    office.journal.broken = False
    assert await office.announce(repeat=repeat) is False
