"""Tenants as operators make and change them, and as requests find them."""

from typing import Any

import pytest

from limi.features.revision.memory import InMemoryRevisionStore
from limi.features.tenants.errors import (
    InvalidTenantError,
    TenantConflictError,
    TenantExistsError,
    TenantForbiddenError,
    TenantNotFoundError,
)
from limi.features.tenants.model import NewTenant, TenantChanges, TenantStatus
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import SYSTEM, Principal
from limi.kernel.revision import AccessUnavailableError
from tests.unit.access_office import ORIGIN, Office


@pytest.fixture
def office() -> Office:
    return Office()


class TestMaking:
    async def test_it_is_there_and_recorded_as_its_own(self, office: Office) -> None:
        made = await office.tenant("acme", name="Acme", tokens_per_minute=5, models=frozenset({"b", "a"}))
        assert await office.tenants.get("acme", by=SYSTEM) == made
        assert made.status is TenantStatus.ACTIVE
        assert office.journal.told() == [("tenant.created", "tenant:acme", "acme")]
        assert office.journal.facts[0].detail == "name=Acme, tokens_per_minute=5, models=a|b"

    async def test_without_a_name_it_has_its_id(self, office: Office) -> None:
        assert (await office.tenant("acme")).name == "acme"

    @pytest.mark.parametrize(
        ("members", "field"),
        [
            ({"id": ""}, "id"),
            ({"id": "a" * 41}, "id"),
            ({"id": "Acme"}, "id"),
            ({"id": "a_b"}, "id"),
            ({"id": "a\n"}, "id"),
            ({"name": "a\x00"}, "name"),
            ({"tokens_per_minute": 0}, "tokens_per_minute"),
            ({"connections_per_minute": 1_000_001}, "connections_per_minute"),
            ({"models": frozenset()}, "models"),
            ({"profiles": frozenset({"A"})}, "profiles"),
        ],
    )
    async def test_a_member_that_breaks_its_rule_is_named(
        self, members: dict[str, Any], field: str, office: Office
    ) -> None:
        new = NewTenant(**{"id": "acme", **members})
        with pytest.raises(InvalidTenantError) as caught:
            await office.tenants.create(new, by=SYSTEM, origin=ORIGIN)
        assert caught.value.field == field
        assert office.journal.facts == []

    async def test_an_id_is_given_once_even_after_its_tenant_is_gone(self, office: Office) -> None:
        """Records speak of it for ever, and whoever had it next would read them."""
        await office.tenant()
        with pytest.raises(TenantExistsError):
            await office.tenant()
        await office.tenants.delete("acme", by=SYSTEM, origin=ORIGIN)
        with pytest.raises(TenantExistsError, match="id: `acme` is taken"):
            await office.tenant()

    async def test_without_its_fact_it_is_not_made(self, office: Office) -> None:
        office.journal.broken = True
        with pytest.raises(JournalUnavailableError):
            await office.tenant()
        assert await office.tenants.list(by=SYSTEM) == []


class TestChanging:
    async def test_what_is_not_named_stays(self, office: Office) -> None:
        await office.tenant(tokens_per_minute=5, models=frozenset({"a"}))
        office.clock.advance(10)
        changes = TenantChanges(models=None, name="New")
        changed = await office.tenants.update("acme", changes, by=SYSTEM, origin=ORIGIN)
        assert (changed.name, changed.tokens_per_minute, changed.models) == ("New", 5, None)
        assert changed.updated_at == changed.created_at + 10
        assert office.journal.facts[-1].detail == "name=New, models=none"

    async def test_a_wrong_member_changes_nothing(self, office: Office) -> None:
        made = await office.tenant()
        changes = TenantChanges(tokens_per_minute=0)
        with pytest.raises(InvalidTenantError):
            await office.tenants.update("acme", changes, by=SYSTEM, origin=ORIGIN)
        assert await office.tenants.get("acme", by=SYSTEM) == made

    async def test_a_suspension_is_seen_at_once_and_ends_with_the_resumption(self, office: Office) -> None:
        await office.tenant()
        for change, active, unlisted in (
            (office.tenants.suspend, False, {"acme"}),
            (office.tenants.suspend, False, {"acme"}),
            (office.tenants.resume, True, set()),
        ):
            await change("acme", by=SYSTEM, origin=ORIGIN)
            found = await office.tenants.find("acme")
            assert found is not None
            assert found.active is active
            assert await office.tenants.unlisted() == unlisted
        events = [event for event, _, _ in office.journal.told()]
        assert events == ["tenant.created", "tenant.suspended", "tenant.resumed"]

    async def test_a_deleted_one_is_nowhere(self, office: Office) -> None:
        await office.tenant()
        issued = await office.key(tenant="acme")
        await office.tenants.delete("acme", by=SYSTEM, origin=ORIGIN)
        assert await office.tenants.find("acme") is None
        assert not await office.tenants.exists("acme")
        assert await office.tenants.list(by=SYSTEM) == []
        assert await office.ring.authenticate(issued.token.reveal(), origin=None) is None
        assert await office.tenants.unlisted() == {"acme"}
        for change in (office.tenants.suspend, office.tenants.resume, office.tenants.delete):
            with pytest.raises(TenantNotFoundError):
                await change("acme", by=SYSTEM, origin=ORIGIN)

    async def test_an_update_does_not_undo_a_suspension_made_meanwhile(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = await office.tenant()
        await office.tenants.suspend("acme", by=SYSTEM, origin=ORIGIN)

        async def as_before(_: str) -> object:
            return seen

        with monkeypatch.context() as patch:
            patch.setattr(office.stores.tenants, "find", as_before)
            with pytest.raises(TenantConflictError):
                await office.tenants.update("acme", TenantChanges(name="New"), by=SYSTEM, origin=ORIGIN)
        found = await office.tenants.find("acme")
        assert found is not None
        assert (found.name, found.active) == ("acme", False)


class TestWhoeverBelongsToATenant:
    @pytest.fixture
    async def admin(self, office: Office) -> Principal:
        await office.tenant("acme")
        await office.tenant("other")
        return await office.admin("acme")

    async def test_sees_that_one_only(self, office: Office, admin: Principal) -> None:
        assert (await office.tenants.get("acme", by=admin)).id == "acme"
        assert [found.id for found in await office.tenants.list(by=admin)] == ["acme"]
        assert await office.tenants.list(by=admin, after="acme") == ()
        for other in ("other", "nobody"):
            with pytest.raises(TenantNotFoundError, match=f"there is no tenant `{other}`"):
                await office.tenants.get(other, by=admin)

    async def test_changes_none_not_even_its_own(self, office: Office, admin: Principal) -> None:
        known = len(office.journal.facts)
        for tenant in ("acme", "other"):
            for change in (office.tenants.suspend, office.tenants.resume, office.tenants.delete):
                with pytest.raises(TenantForbiddenError):
                    await change(tenant, by=admin, origin=ORIGIN)
            with pytest.raises(TenantForbiddenError):
                await office.tenants.update(tenant, TenantChanges(name="x"), by=admin, origin=ORIGIN)
        with pytest.raises(TenantForbiddenError):
            await office.tenants.create(NewTenant(id="mine"), by=admin, origin=ORIGIN)
        assert len(office.journal.facts) == known


async def test_a_known_tenant_is_not_believed_for_longer_than_the_database_is_away(office: Office) -> None:
    await office.tenant()
    assert await office.tenants.find("acme")
    revisions = office.stores.revision
    assert isinstance(revisions, InMemoryRevisionStore)
    revisions.broken = True
    office.clock.advance(5.1)
    with pytest.raises(AccessUnavailableError):
        await office.tenants.find("acme")
