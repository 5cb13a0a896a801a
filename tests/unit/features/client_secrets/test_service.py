"""The order of a mint is its promise: no key leaves before its intent is durable."""

import asyncio
import re

import pytest

from limi.features.client_secrets.errors import (
    ForbiddenError,
    IdempotencyConflictError,
    InvalidMintError,
    MintError,
    OverloadedError,
    UpstreamAuthError,
    UpstreamError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
)
from limi.features.client_secrets.model import Capability, Minted, MintRequest
from limi.kernel.facts import KeyMinted, KeyReplayed, MintFailed, MintRequested
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import Principal, Scope
from limi.kernel.settings import Profile
from tests.unit.features.client_secrets.harness import ANYONE, KEY_HOLDER, Desk, repeat, session_of, turns


@pytest.fixture
def desk() -> Desk:
    return Desk()


def fact_of(desk: Desk, kind: type[KeyMinted | KeyReplayed | MintFailed | MintRequested]) -> MintRequested:
    (found,) = [fact for fact in desk.journal.facts if isinstance(fact, kind)]
    return found  # type: ignore[return-value] # all facts have the same members


class TestAMint:
    async def test_it_hands_out_what_upstream_made(self, desk: Desk) -> None:
        minted = await desk.mint()
        assert minted.key.reveal() == f"ek_{1:032d}"
        assert minted.expires_at == int(desk.clock.now()) + 600
        assert minted.session_id == "sess_1"
        assert minted.model == "gpt-realtime-2.1-mini"
        assert (minted.replaces, minted.replayed) == (None, False)

    async def test_the_callers_session_id_goes_before_upstreams(self, desk: Desk) -> None:
        assert (await desk.mint(MintRequest(session_id="mine-1"))).session_id == "mine-1"

    async def test_the_model_is_the_one_upstream_names(self, desk: Desk) -> None:
        desk.upstream.model = "gpt-realtime-2.1-mini-2026-05-01"
        assert (await desk.mint()).model == "gpt-realtime-2.1-mini-2026-05-01"

    async def test_the_request_decides_the_model_then_the_profile_then_the_default(self) -> None:
        desk = Desk(profiles={"default": Profile(), "tutor": Profile(model="gpt-realtime-1.5")})
        await desk.mint()
        await desk.mint(MintRequest(profile="tutor"))
        await desk.mint(MintRequest(profile="tutor", model="gpt-4o-realtime-preview"))
        assert [session_of(asked)["model"] for asked in desk.upstream.asked] == [
            "gpt-realtime-2.1-mini",
            "gpt-realtime-1.5",
            "gpt-realtime",
        ]

    async def test_a_model_that_was_replaced_is_named(self, desk: Desk) -> None:
        desk.clock.set_now(1_800_403_200)  # 2027-01-20, the day gpt-realtime ends
        minted = await desk.mint(MintRequest(model="gpt-4-realtime"))
        assert (minted.model, minted.replaces) == ("gpt-realtime-2.1", "gpt-realtime")
        assert session_of(desk.upstream.asked[0])["model"] == "gpt-realtime-2.1"

    async def test_capabilities_and_variables_reach_the_session(self) -> None:
        desk = Desk(profiles={"default": Profile(instructions="Hi {{name}}", variables={"name": "you"})})
        await desk.mint(MintRequest(capabilities=[Capability.TEXT_OUTPUT], variables={"name": "Ada"}))
        session = session_of(desk.upstream.asked[0])
        assert (session["output_modalities"], session["instructions"]) == (["text"], "Hi Ada")


class TestRefusalsBeforeAnythingHappens:
    @pytest.mark.parametrize(
        ("request_", "field", "rule"),
        [
            (MintRequest(model="gpt-5"), "model", "must be one of gpt-realtime-2.1, "),
            (MintRequest(profile="tutor"), "profile", "must be the name of a profile"),
            (MintRequest(variables={"a": "x"}), "variables", "may only name what the profile declares"),
        ],
    )
    async def test_what_breaks_a_rule_is_named(
        self, request_: MintRequest, field: str, rule: str, desk: Desk
    ) -> None:
        with pytest.raises(InvalidMintError) as caught:
            await desk.mint(request_)
        assert caught.value.field == field
        assert caught.value.rule.startswith(rule)
        assert (desk.journal.facts, desk.upstream.asked) == ([], [])

    async def test_a_profile_that_requires_a_key_is_refused_to_anonymous_callers_only(self) -> None:
        desk = Desk(profiles={"default": Profile(requires_key=True)})
        with pytest.raises(ForbiddenError, match="`default` needs an API key"):
            await desk.mint(principal=ANYONE)
        assert desk.upstream.asked == []
        await desk.mint(principal=KEY_HOLDER)


class TestTheOrder:
    async def test_upstream_is_asked_while_the_intent_is_still_being_written(self) -> None:
        desk = Desk(immediate=False)
        minting = asyncio.create_task(desk.mint())
        await turns()
        assert desk.journal.events() == ["token.requested"]
        assert len(desk.upstream.asked) == 1
        desk.journal.settle()
        await minting

    async def test_no_key_is_returned_before_the_intent_is_durable(self) -> None:
        desk = Desk(immediate=False)
        minting = asyncio.create_task(desk.mint())
        await turns(100)
        assert not minting.done()
        assert "token.generated" not in desk.journal.events()
        desk.journal.settle()
        assert (await minting).key

    async def test_the_outcome_is_recorded_but_not_waited_for(self) -> None:
        desk = Desk(immediate=False)
        minting = asyncio.create_task(desk.mint())
        await turns()
        desk.journal.settle()
        await minting
        assert desk.journal.events() == ["token.requested", "token.generated"]

    async def test_an_intent_that_cannot_be_written_means_no_key(self, desk: Desk) -> None:
        desk.journal.broken = True
        with pytest.raises(JournalUnavailableError):
            await desk.mint()
        assert desk.journal.events() == ["token.requested", "token.failed"]
        assert fact_of(desk, MintFailed).code == "audit_unavailable"

    async def test_an_intent_that_fails_late_means_no_key_either(self) -> None:
        desk = Desk(immediate=False)
        minting = asyncio.create_task(desk.mint())
        await turns()
        desk.journal.broken = True
        desk.journal.settle()
        with pytest.raises(JournalUnavailableError):
            await minting
        assert desk.service.in_flight == 0


class TestFacts:
    async def test_the_intent_says_who_what_and_when_and_no_key(self, desk: Desk) -> None:
        await desk.mint(MintRequest(session_id="mine-1", model="gpt-4-realtime"))
        intent = fact_of(desk, MintRequested)
        assert (intent.origin.request_id, intent.origin.caller, intent.origin.tenant) == (
            "req-1",
            "key:k1",
            "acme",
        )
        assert (intent.session_id, intent.model) == ("acme_mine-1", "gpt-realtime")
        assert intent.at == desk.clock.now()
        assert (intent.resolves, intent.expires_at) == (None, None)
        assert "ek_" not in repr(desk.journal.facts)

    async def test_a_minted_key_resolves_its_intent(self, desk: Desk) -> None:
        desk.upstream.gate.clear()
        minting = asyncio.create_task(desk.mint(MintRequest(session_id="mine-1")))
        await turns()
        desk.clock.advance(0.25)
        desk.upstream.gate.set()
        await minting
        intent, minted = fact_of(desk, MintRequested), fact_of(desk, KeyMinted)
        assert minted.resolves == intent.id
        assert minted.id > intent.id
        assert (minted.session_id, minted.model) == ("acme_mine-1", "gpt-realtime-2.1-mini")
        assert minted.expires_at == int(desk.clock.now()) + 600
        assert minted.duration_ms == 250
        assert minted.at == desk.clock.now()
        assert minted.origin is intent.origin

    @pytest.mark.parametrize(
        ("problem", "code"),
        [
            (UpstreamAuthError("refused", status=401), "openai_auth_failed"),
            (UpstreamRateLimitedError("limit", retry_after_ms=1), "openai_rate_limited"),
            (UpstreamTimeoutError("late"), "openai_timeout"),
            (UpstreamError("upstream answered 503", status=503), "token_generation_failed"),
            (RuntimeError("a bug"), "internal_error"),
        ],
    )
    async def test_a_failure_is_recorded_by_its_code(self, problem: Exception, code: str, desk: Desk) -> None:
        desk.upstream.problem = problem
        with pytest.raises(type(problem)):
            await desk.mint(MintRequest(session_id="mine-1"))
        intent, failed = fact_of(desk, MintRequested), fact_of(desk, MintFailed)
        assert (failed.code, failed.resolves) == (code, intent.id)
        assert (failed.session_id, failed.model) == ("acme_mine-1", intent.model)
        assert failed.expires_at is None
        assert desk.service.in_flight == 0

    async def test_a_caller_who_goes_away_is_recorded_as_cancelled(self, desk: Desk) -> None:
        desk.upstream.gate.clear()
        minting = asyncio.create_task(desk.mint())
        await turns()
        assert desk.service.in_flight == 1
        minting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await minting
        assert fact_of(desk, MintFailed).code == "cancelled"
        assert desk.service.in_flight == 0


class TestOverload:
    async def test_past_the_bound_a_mint_is_refused_at_once(self) -> None:
        desk = Desk(max_in_flight=3)
        desk.upstream.gate.clear()
        running = [asyncio.create_task(desk.mint()) for _ in range(3)]
        await turns()
        assert desk.service.in_flight == 3
        with pytest.raises(OverloadedError):
            await desk.mint()
        assert len(desk.upstream.asked) == len(desk.journal.facts) == 3
        desk.upstream.gate.set()
        await asyncio.gather(*running)
        assert desk.service.in_flight == 0
        await desk.mint()

    async def test_of_a_thousand_at_once_exactly_the_bound_passes(self) -> None:
        desk = Desk(max_in_flight=100)
        desk.upstream.gate.clear()
        running = [asyncio.create_task(desk.mint()) for _ in range(1000)]
        await turns()
        desk.upstream.gate.set()
        ends = await asyncio.gather(*running, return_exceptions=True)
        assert sum(isinstance(end, Minted) for end in ends) == 100
        assert sum(isinstance(end, OverloadedError) for end in ends) == 900
        assert desk.service.in_flight == 0


class TestSafetyIdentifier:
    async def identifiers(self, desk: Desk, *callers: Principal) -> list[str]:
        for caller in callers:
            await desk.mint(principal=caller)
        return [identifier for _, identifier in desk.upstream.asked]

    async def test_it_is_the_same_for_the_same_caller(self, desk: Desk) -> None:
        one, again = await self.identifiers(desk, KEY_HOLDER, KEY_HOLDER)
        assert one == again
        assert re.fullmatch("[0-9a-f]{64}", one)

    async def test_it_differs_between_callers_and_tenants(self, desk: Desk) -> None:
        scopes = frozenset({Scope.MINT})
        callers = [
            Principal(caller="key:k1", scopes=scopes, tenant="acme"),
            Principal(caller="key:k1", scopes=scopes, tenant="other"),
            Principal(caller="key:k1", scopes=scopes),
            Principal(caller="key:k2", scopes=scopes, tenant="acme"),
            Principal(caller="ip:203.0.113.9", scopes=scopes, anonymous=True),
            Principal(caller="ip:203.0.113.10", scopes=scopes, anonymous=True),
        ]
        assert len(set(await self.identifiers(desk, *callers))) == len(callers)

    async def test_without_the_servers_key_it_tells_nothing_of_the_address(self, desk: Desk) -> None:
        """There are few enough addresses to hash them all, so a plain hash would be the address."""
        here = await self.identifiers(desk, ANYONE)
        elsewhere = await self.identifiers(Desk(privacy_key=b"\x03" * 32), ANYONE)
        assert here != elsewhere


class TestRepeats:
    async def test_a_repeat_gets_the_same_key_and_upstream_is_not_asked_again(self, desk: Desk) -> None:
        first = await desk.mint(repeat=repeat())
        again = await desk.mint(repeat=repeat())
        assert again.key == first.key
        assert (again.session_id, again.model, again.expires_at) == (
            first.session_id,
            first.model,
            first.expires_at,
        )
        assert (first.replayed, again.replayed) == (False, True)
        assert len(desk.upstream.asked) == 1

    async def test_a_replay_is_a_row_of_its_own(self, desk: Desk) -> None:
        await desk.mint(repeat=repeat())
        minted = await desk.mint(repeat=repeat())
        assert desk.journal.events() == ["token.requested", "token.generated", "token.replayed"]
        replayed = fact_of(desk, KeyReplayed)
        assert (replayed.session_id, replayed.expires_at) == (f"acme_{minted.session_id}", minted.expires_at)
        assert replayed.resolves is None

    async def test_a_replay_waits_until_its_row_is_durable(self, desk: Desk) -> None:
        await desk.mint(repeat=repeat())
        desk.journal.immediate = False
        replaying = asyncio.create_task(desk.mint(repeat=repeat()))
        await turns(100)
        assert not replaying.done()
        desk.journal.settle()
        assert (await replaying).replayed

    async def test_a_replay_whose_row_cannot_be_written_hands_nothing_out(self, desk: Desk) -> None:
        await desk.mint(repeat=repeat())
        desk.journal.broken = True
        with pytest.raises(JournalUnavailableError):
            await desk.mint(repeat=repeat())

    async def test_fifty_at_once_make_one_key(self, desk: Desk) -> None:
        desk.upstream.gate.clear()
        minting = [asyncio.create_task(desk.mint(repeat=repeat())) for _ in range(50)]
        await turns()
        desk.upstream.gate.set()
        minted = await asyncio.gather(*minting)
        assert len({one.key for one in minted}) == 1
        assert sum(one.replayed for one in minted) == 49
        assert len(desk.upstream.asked) == 1

    async def test_another_body_under_the_same_header_is_a_conflict(self, desk: Desk) -> None:
        await desk.mint(repeat=repeat(body=b"{}"))
        with pytest.raises(IdempotencyConflictError):
            await desk.mint(repeat=repeat(body=b'{"model": "gpt-realtime"}'))

    async def test_a_failed_mint_is_not_kept(self, desk: Desk) -> None:
        desk.upstream.problem = UpstreamError("upstream answered 503", status=503)
        with pytest.raises(UpstreamError):
            await desk.mint(repeat=repeat())
        desk.upstream.problem = None
        assert not (await desk.mint(repeat=repeat())).replayed

    async def test_when_the_first_fails_the_next_who_waits_tries(self, desk: Desk) -> None:
        desk.upstream.gate.clear()
        desk.upstream.problem = UpstreamError("upstream answered 503", status=503)
        minting = [asyncio.create_task(desk.mint(repeat=repeat())) for _ in range(3)]
        await turns()
        desk.upstream.gate.set()
        ends = await asyncio.gather(*minting, return_exceptions=True)
        assert all(isinstance(end, UpstreamError) for end in ends)
        assert len(desk.upstream.asked) == 3

    async def test_when_the_first_goes_away_the_next_who_waits_gets_a_key(self, desk: Desk) -> None:
        desk.upstream.gate.clear()
        first, second = (asyncio.create_task(desk.mint(repeat=repeat())) for _ in range(2))
        await turns()
        first.cancel()
        await turns()
        desk.upstream.gate.set()
        assert not (await second).replayed
        assert len(desk.upstream.asked) == 2

    async def test_an_overloaded_mint_can_be_repeated(self) -> None:
        desk = Desk(max_in_flight=1)
        desk.upstream.gate.clear()
        running = asyncio.create_task(desk.mint())
        await turns()
        with pytest.raises(OverloadedError):
            await desk.mint(repeat=repeat())
        desk.upstream.gate.set()
        await running
        assert (await desk.mint(repeat=repeat())).key

    async def test_after_the_key_ended_a_repeat_makes_a_new_one(self, desk: Desk) -> None:
        first = await desk.mint(repeat=repeat())
        desk.clock.advance(600)
        second = await desk.mint(repeat=repeat())
        assert second.key != first.key
        assert not second.replayed

    async def test_callers_do_not_share_a_header_value(self, desk: Desk) -> None:
        one = await desk.mint(repeat=repeat(scope="key:k1"))
        other = await desk.mint(repeat=repeat(scope="key:k2"))
        assert one.key != other.key

    async def test_a_refused_request_is_refused_though_its_key_is_kept(self, desk: Desk) -> None:
        await desk.mint(repeat=repeat())
        with pytest.raises(MintError):
            await desk.mint(MintRequest(model="gpt-5"), repeat=repeat())
