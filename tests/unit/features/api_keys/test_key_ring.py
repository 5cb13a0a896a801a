"""Keys as requests present them."""

import asyncio

import pytest

from limi.features.api_keys.errors import KeyOriginError
from limi.features.api_keys.key_ring import KeyRing
from limi.features.api_keys.model import KeyID, StoredKey
from limi.features.api_keys.tokens import make_token
from limi.features.revision.memory import InMemoryRevisionStore
from limi.kernel.keys import KeyLabel, derive_key
from limi.kernel.principal import SYSTEM, Scope
from limi.kernel.revision import AccessUnavailableError
from limi.testing import CountingIds
from limi.testing.backend import known_keys
from tests.unit.access_office import ORIGIN, Office, turns


class CountingStore:
    """Passes on to another store, counts, and breaks when told."""

    def __init__(self, office: Office) -> None:
        self._inner = office.stores.keys
        self.found = 0
        self.noted: list[dict[KeyID, float]] = []
        self.broken = False
        self.add, self.replace, self.page = self._inner.add, self._inner.replace, self._inner.page

    async def find(self, key_id: KeyID) -> StoredKey | None:
        self.found += 1
        await asyncio.sleep(0)
        if self.broken:
            raise AccessUnavailableError("broken")
        return await self._inner.find(key_id)

    async def note_use(self, used: dict[KeyID, float]) -> None:
        if self.broken:
            raise AccessUnavailableError("broken")
        self.noted.append(dict(used))


class Desk(Office):
    """An office whose ring the test can look into."""

    def __init__(self) -> None:
        super().__init__()
        self.store = CountingStore(self)
        self.slept: asyncio.Queue[asyncio.Event] = asyncio.Queue()
        self.ring = KeyRing(
            store=self.store,  # type: ignore[arg-type] # the methods that are passed on are attributes
            revision=self.access.watch,
            hash_key=derive_key(known_keys().root, KeyLabel.API_KEY_HASH),
            clock=self.clock,
            sleep=self._sleep,
        )

    async def _sleep(self, _: float) -> None:
        over = asyncio.Event()
        self.slept.put_nowait(over)
        await over.wait()

    async def minute_passes(self) -> None:
        (await self.slept.get()).set()
        await turns()


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_key_is_what_it_was_made_with(desk: Desk) -> None:
    await desk.tenant()
    issued = await desk.key(
        tenant="acme",
        scopes=frozenset({Scope.MINT, Scope.CALLS}),
        models=frozenset({"gpt-realtime"}),
        profiles=frozenset({"tutor"}),
        max_ttl_seconds=60,
        tokens_per_minute=5,
    )
    principal = await desk.ring.authenticate(issued.token.reveal(), origin=None)
    assert principal is not None
    assert (principal.caller, principal.tenant) == (f"key:{issued.key.id}", "acme")
    assert principal.scopes == {Scope.MINT, Scope.CALLS}
    assert (principal.models, principal.profiles) == (frozenset({"gpt-realtime"}), frozenset({"tutor"}))
    assert (principal.max_ttl_seconds, principal.tokens_per_minute) == (60, 5)


async def test_a_known_key_is_not_looked_up_again(desk: Desk) -> None:
    token = (await desk.key()).token.reveal()
    principals = {id(await desk.ring.authenticate(token, origin=None)) for _ in range(3)}
    assert (desk.store.found, len(principals)) == (1, 1)


async def test_requests_at_once_look_it_up_once(desk: Desk) -> None:
    token = (await desk.key()).token.reveal()
    found = await asyncio.gather(*(desk.ring.authenticate(token, origin=None) for _ in range(20)))
    assert (desk.store.found, all(found)) == (1, True)


async def test_a_token_with_a_slip_is_refused_without_a_look_up(desk: Desk) -> None:
    token = (await desk.key()).token.reveal()
    for slip in (
        token[:-1],
        token + "A",
        token[:30] + ("A" if token[30] != "A" else "B") + token[31:],
        "limi_sk_",
    ):
        assert await desk.ring.authenticate(slip, origin=None) is None
    assert desk.store.found == 0


async def test_another_token_of_the_same_id_is_refused_whether_the_key_is_known_or_not(desk: Desk) -> None:
    issued = await desk.key()
    forged = make_token(issued.key.id, CountingIds()).reveal()
    assert await desk.ring.authenticate(forged, origin=None) is None
    assert await desk.ring.authenticate(issued.token.reveal(), origin=None)
    assert await desk.ring.authenticate(forged, origin=None) is None


async def test_an_unknown_key_is_no_key(desk: Desk) -> None:
    token = make_token(KeyID("aaaaaaaa"), CountingIds()).reveal()
    assert await desk.ring.authenticate(token, origin=None) is None


async def test_an_expired_key_stops_in_the_second_it_said(desk: Desk) -> None:
    token = (await desk.key(expires_at=desk.clock.now() + 60)).token.reveal()
    desk.clock.advance(59.9)
    assert await desk.ring.authenticate(token, origin=None)
    desk.clock.set_now(desk.clock.now() + 0.1)
    assert await desk.ring.authenticate(token, origin=None) is None


async def test_a_key_for_pages_is_for_nothing_else(desk: Desk) -> None:
    token = (await desk.key(origins=frozenset({"https://app.example.com"}))).token.reveal()
    assert await desk.ring.authenticate(token, origin="https://APP.example.com")
    for origin in (None, "null", "https://app.example.com.evil.example", "http://app.example.com"):
        with pytest.raises(KeyOriginError):
            await desk.ring.authenticate(token, origin=origin)


async def test_whoever_does_not_hold_the_key_does_not_learn_its_origins(desk: Desk) -> None:
    issued = await desk.key(origins=frozenset({"https://app.example.com"}))
    forged = make_token(issued.key.id, CountingIds()).reveal()
    assert await desk.ring.authenticate(forged, origin=None) is None


class TestWhenTheDatabaseIsAway:
    async def test_a_known_key_is_believed_for_a_while_and_then_refused(self, desk: Desk) -> None:
        token = (await desk.key()).token.reveal()
        assert await desk.ring.authenticate(token, origin=None)
        revisions = desk.stores.revision
        assert isinstance(revisions, InMemoryRevisionStore)
        revisions.broken = True
        desk.clock.advance(5)
        assert await desk.ring.authenticate(token, origin=None)
        desk.clock.advance(0.1)
        with pytest.raises(AccessUnavailableError):
            await desk.ring.authenticate(token, origin=None)
        revisions.broken = False
        assert await desk.ring.authenticate(token, origin=None)

    async def test_an_unknown_key_is_neither_right_nor_wrong(self, desk: Desk) -> None:
        token = (await desk.key()).token.reveal()
        desk.store.broken = True
        with pytest.raises(AccessUnavailableError):
            await desk.ring.authenticate(token, origin=None)
        desk.store.broken = False
        assert await desk.ring.authenticate(token, origin=None)


class TestLastUses:
    async def test_they_are_written_once_a_minute_together(self, desk: Desk) -> None:
        issued = [await desk.key() for _ in range(2)]
        await desk.ring.start()
        for _ in range(5):
            for one in issued:
                await desk.ring.authenticate(one.token.reveal(), origin=None)
            desk.clock.advance(1)
        assert desk.store.noted == []
        await desk.minute_passes()
        assert desk.store.noted == [{one.key.id: desk.clock.now() - 1 for one in issued}]
        await desk.minute_passes()
        assert len(desk.store.noted) == 1, "nothing was used since"
        await desk.ring.stop()

    async def test_what_could_not_be_written_is_written_later(self, desk: Desk) -> None:
        issued = await desk.key()
        await desk.ring.start()
        await desk.ring.authenticate(issued.token.reveal(), origin=None)
        desk.store.broken = True
        await desk.minute_passes()
        desk.store.broken = False
        await desk.ring.stop()
        assert desk.store.noted == [{issued.key.id: desk.clock.now()}]

    async def test_a_refused_token_is_no_use_of_the_key(self, desk: Desk) -> None:
        issued = await desk.key()
        await desk.ring.start()
        await desk.keys.revoke(issued.key.id, by=SYSTEM, origin=ORIGIN)
        await desk.ring.authenticate(issued.token.reveal(), origin=None)
        await desk.ring.stop()
        await desk.ring.stop()
        assert desk.store.noted == []


async def test_it_says_how_many_tokens_it_knew_and_how_many_it_had_to_look_for(desk: Desk) -> None:
    issued = await desk.key()
    for _ in range(4):
        await desk.ring.authenticate(issued.token.reveal(), origin=None)
    await desk.ring.authenticate("limi_sk_nonsense", origin=None)
    assert desk.ring.lookups == {"memory": 4, "database": 1}
