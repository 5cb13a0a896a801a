"""Keys as their makers see them."""

from typing import Any

import pytest

from limi.features.api_keys.errors import (
    InvalidKeyError,
    KeyConflictError,
    KeyEndedError,
    KeyForbiddenError,
    KeyNotFoundError,
)
from limi.features.api_keys.model import KeyID, KeyStatus, NewKey
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import SYSTEM, Scope
from tests.unit.access_office import ORIGIN, Office


@pytest.fixture
def office() -> Office:
    return Office()


class TestMaking:
    async def test_the_token_is_told_once_and_kept_nowhere(self, office: Office) -> None:
        issued = await office.key()
        token = issued.token.reveal()
        kept = await office.stores.keys.find(issued.key.id)
        assert token.startswith(f"{issued.key.prefix}_")
        assert token not in repr(issued)
        assert kept is not None
        assert token not in repr(kept)
        assert token.rpartition("_")[2] not in repr(office.journal.facts)
        assert len(kept.token_hash) == 32

    async def test_its_fact_says_what_and_whose_it_is(self, office: Office) -> None:
        await office.tenant()
        issued = await office.key(name="web", tenant="acme", expires_at=office.clock.now() + 60)
        assert office.journal.told()[-1] == ("key.created", f"key:{issued.key.id}", "acme")
        assert office.journal.facts[-1].detail == "name=web, scopes=mint, expires_at=2026-09-21T14:14:20Z"

    async def test_its_fact_tells_every_bound_which_the_row_may_outlive(self, office: Office) -> None:
        many = frozenset(f"https://{number}.example" for number in range(6))
        await office.key(
            name="web", models=frozenset({"b", "a"}), origins=many, max_ttl_seconds=60, tokens_per_minute=5
        )
        assert office.journal.facts[-1].detail == (
            "name=web, scopes=mint, max_ttl_seconds=60, tokens_per_minute=5, models=a|b, origins=6 names"
        )

    async def test_without_its_fact_it_is_not_made(self, office: Office) -> None:
        office.journal.broken = True
        with pytest.raises(JournalUnavailableError):
            await office.key()
        assert await office.keys.list(by=SYSTEM) == []

    @pytest.mark.parametrize(
        ("members", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "a\nb"}, "name"),
            ({"name": "x" * 101}, "name"),
            ({"scopes": frozenset()}, "scopes"),
            ({"origins": frozenset()}, "origins"),
            ({"origins": frozenset({"https://app.example.com/path"})}, "origins"),
            ({"origins": frozenset({"*"})}, "origins"),
            ({"models": frozenset({"a b"})}, "models"),
            ({"profiles": frozenset({"Tutor"})}, "profiles"),
            ({"max_ttl_seconds": 9}, "max_ttl_seconds"),
            ({"max_ttl_seconds": 7201}, "max_ttl_seconds"),
            ({"tokens_per_minute": 0}, "tokens_per_minute"),
            ({"expires_at": 1.0}, "expires_at"),
            ({"expires_at": float("nan")}, "expires_at"),
            ({"tenant": "nobody"}, "tenant"),
        ],
    )
    async def test_a_member_that_breaks_its_rule_is_named(
        self, members: dict[str, Any], field: str, office: Office
    ) -> None:
        with pytest.raises(InvalidKeyError) as caught:
            await office.key(**members)
        assert caught.value.field == field
        assert office.journal.facts == []

    async def test_two_keys_never_share_an_id(self, office: Office) -> None:
        first = await office.key()
        office.ids._count = 0  # The generator repeats itself, as chance might.
        second = await office.key()
        assert first.key.id != second.key.id
        assert [fact.code for fact in office.journal.facts] == [None, None, "invalid_request", None]


class TestNobodyMakesMoreThanTheyHave:
    async def test_a_tenants_keys_stay_in_the_tenant(self, office: Office) -> None:
        await office.tenant("acme")
        await office.tenant("other")
        admin = await office.admin("acme")
        assert (await office.key(by=admin)).key.tenant == "acme"
        with pytest.raises(KeyForbiddenError, match="tenant: must be `acme`"):
            await office.key(by=admin, tenant="other")

    async def test_a_scope_that_one_has_not_cannot_be_given(self, office: Office) -> None:
        minter = await office.caller(scopes=frozenset({Scope.MINT, Scope.STATS}))
        assert (await office.key(by=minter, scopes=frozenset({Scope.STATS}))).key.scopes == {Scope.STATS}
        with pytest.raises(KeyForbiddenError, match="scopes: "):
            await office.key(by=minter, scopes=frozenset({Scope.MINT, Scope.CALLS}))

    @pytest.mark.parametrize(
        ("held", "asked"),
        [
            ({"models": frozenset({"gpt-realtime"})}, {"models": frozenset({"gpt-realtime-2.1"})}),
            ({"profiles": frozenset({"tutor"})}, {"profiles": frozenset({"tutor", "staff"})}),
            ({"max_ttl_seconds": 60}, {"max_ttl_seconds": 61}),
            ({"tokens_per_minute": 5}, {"tokens_per_minute": 6}),
            ({"expires_at": 1_790_000_100.0}, {"expires_at": 1_790_000_101.0}),
        ],
    )
    async def test_a_bound_is_taken_over_and_not_exceeded(
        self, held: dict[str, Any], asked: dict[str, Any], office: Office
    ) -> None:
        await office.tenant("acme")
        admin = await office.admin("acme", **held)
        ((field, value),) = held.items()
        assert getattr((await office.key(by=admin)).key, field) == value
        with pytest.raises(KeyForbiddenError) as caught:
            await office.key(by=admin, **asked)
        assert caught.value.field == field

    async def test_a_key_for_pages_makes_keys_for_those_pages_only(self, office: Office) -> None:
        pages = frozenset({"https://app.example.com"})
        issued = await office.key(scopes=frozenset({Scope.ADMIN}), origins=pages)
        by = await office.ring.authenticate(issued.token.reveal(), origin="https://app.example.com")
        assert by is not None
        assert (await office.key(by=by)).key.origins == pages
        with pytest.raises(KeyForbiddenError, match="origins: "):
            await office.key(by=by, origins=frozenset({"https://evil.example"}))

    async def test_a_tenants_admin_gives_no_higher_limit_than_its_callers_have(self, office: Office) -> None:
        """Without a number of its own that is the environment's, which is 100 in development."""
        await office.tenant("acme")
        admin = await office.admin("acme")
        assert (await office.key(by=admin)).key.tokens_per_minute is None
        assert (await office.key(by=admin, tokens_per_minute=100)).key.tokens_per_minute == 100
        with pytest.raises(KeyForbiddenError, match="tokens_per_minute: "):
            await office.key(by=admin, tokens_per_minute=101)

    async def test_the_operator_gives_what_they_like(self, office: Office) -> None:
        await office.tenant("acme")
        made = await office.key(tenant="acme", tokens_per_minute=100_000, scopes=frozenset(Scope))
        assert made.key.tokens_per_minute == 100_000

    async def test_nobody_gets_more_by_rotating(self, office: Office) -> None:
        await office.tenant("acme")
        admin = await office.admin("acme", max_ttl_seconds=60)
        wide = await office.key(tenant="acme")
        with pytest.raises(KeyForbiddenError):
            await office.keys.rotate(wide.key.id, by=admin, origin=ORIGIN)


class TestRotating:
    async def test_the_old_token_works_until_the_overlap_ends(self, office: Office) -> None:
        old = await office.key()
        new = await office.keys.rotate(old.key.id, overlap_seconds=60, by=SYSTEM, origin=ORIGIN)
        assert new.key.id == old.key.id
        both = [old.token.reveal(), new.token.reveal()]
        assert all([await office.ring.authenticate(token, origin=None) for token in both])
        office.clock.advance(60)
        assert [bool(await office.ring.authenticate(token, origin=None)) for token in both] == [False, True]

    async def test_without_an_overlap_the_old_token_stops_at_once(self, office: Office) -> None:
        old = await office.key()
        assert await office.ring.authenticate(old.token.reveal(), origin=None)
        await office.keys.rotate(old.key.id, by=SYSTEM, origin=ORIGIN)
        assert await office.ring.authenticate(old.token.reveal(), origin=None) is None

    async def test_of_three_tokens_the_first_stops(self, office: Office) -> None:
        first = await office.key()
        second = await office.keys.rotate(first.key.id, overlap_seconds=60, by=SYSTEM, origin=ORIGIN)
        third = await office.keys.rotate(first.key.id, overlap_seconds=60, by=SYSTEM, origin=ORIGIN)
        tokens = [issued.token.reveal() for issued in (first, second, third)]
        known = [bool(await office.ring.authenticate(token, origin=None)) for token in tokens]
        assert known == [False, True, True]

    async def test_the_fact_says_how_long_both_work(self, office: Office) -> None:
        issued = await office.key()
        await office.keys.rotate(issued.key.id, overlap_seconds=60, by=SYSTEM, origin=ORIGIN)
        assert office.journal.told()[-1] == ("key.rotated", f"key:{issued.key.id}", None)
        assert office.journal.facts[-1].detail == "overlap_seconds=60"

    @pytest.mark.parametrize("overlap", [-1, 30 * 86_400 + 1])
    async def test_an_overlap_is_bounded(self, overlap: int, office: Office) -> None:
        issued = await office.key()
        with pytest.raises(InvalidKeyError, match="overlap_seconds: "):
            await office.keys.rotate(issued.key.id, overlap_seconds=overlap, by=SYSTEM, origin=ORIGIN)

    async def test_a_dead_key_is_not_brought_back(self, office: Office) -> None:
        issued = await office.key()
        await office.keys.revoke(issued.key.id, by=SYSTEM, origin=ORIGIN)
        with pytest.raises(KeyEndedError, match=f"the key `{issued.key.id}` is revoked"):
            await office.keys.rotate(issued.key.id, by=SYSTEM, origin=ORIGIN)
        assert office.journal.told()[-1][0] == "key.revoked", "no rotation is told that was never tried"

    async def test_an_expired_key_is_said_to_be_expired(self, office: Office) -> None:
        issued = await office.key(expires_at=office.clock.now() + 60)
        office.clock.advance(60)
        with pytest.raises(KeyEndedError, match="is expired"):
            await office.keys.rotate(issued.key.id, by=SYSTEM, origin=ORIGIN)

    async def test_a_revocation_meanwhile_wins(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        issued = await office.key()
        seen = await office.stores.keys.find(issued.key.id)
        await office.keys.revoke(issued.key.id, by=SYSTEM, origin=ORIGIN)

        async def as_before(_: KeyID) -> object:
            return seen

        monkeypatch.setattr(office.stores.keys, "find", as_before)
        with pytest.raises(KeyConflictError):
            await office.keys.rotate(issued.key.id, by=SYSTEM, origin=ORIGIN)
        assert office.journal.facts[-1].detail == "not made: another change came first"


class TestRevoking:
    async def test_it_is_for_ever_and_once(self, office: Office) -> None:
        issued = await office.key()
        assert await office.ring.authenticate(issued.token.reveal(), origin=None)
        revoked = await office.keys.revoke(issued.key.id, by=SYSTEM, origin=ORIGIN)
        assert revoked.status(office.clock.now()) is KeyStatus.REVOKED
        assert await office.ring.authenticate(issued.token.reveal(), origin=None) is None
        assert await office.keys.revoke(issued.key.id, by=SYSTEM, origin=ORIGIN) == revoked
        assert [event for event, _, _ in office.journal.told()] == ["key.created", "key.revoked"]


class TestSeeing:
    async def test_a_tenants_caller_sees_that_tenants_keys_only(self, office: Office) -> None:
        await office.tenant("acme")
        await office.tenant("other")
        admin = await office.admin("acme")
        theirs = await office.key(tenant="other")
        operators = await office.key()
        for key_id in (theirs.key.id, operators.key.id, KeyID("zzzzzzzz")):
            with pytest.raises(KeyNotFoundError):
                await office.keys.get(key_id, by=admin)
            with pytest.raises(KeyNotFoundError):
                await office.keys.revoke(key_id, by=admin, origin=ORIGIN)
            with pytest.raises(KeyNotFoundError):
                await office.keys.rotate(key_id, by=admin, origin=ORIGIN)
        assert [key.tenant for key in await office.keys.list(by=admin)] == ["acme"]
        assert await office.keys.list(by=admin, tenant="other") == ()
        assert len(await office.keys.list(by=SYSTEM)) == 3
        assert [key.id for key in await office.keys.list(by=SYSTEM, tenant="other")] == [theirs.key.id]


def test_a_new_key_may_mint_and_nothing_else_unless_asked() -> None:
    assert NewKey(name="x").scopes == {Scope.MINT}
