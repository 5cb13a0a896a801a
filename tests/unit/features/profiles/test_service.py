"""Profiles in the database: what a name means, for whom, and who may change it."""

from typing import Any

import pytest

from limi.features.profiles.errors import InvalidProfileError, ProfileNotAllowedError, ProfileNotFoundError
from limi.features.profiles.model import ProfileVersion
from limi.features.revision.memory import InMemoryRevisionStore
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import SYSTEM, Principal
from limi.kernel.settings import Profile, Settings
from tests.unit.access_office import ORIGIN, Office


@pytest.fixture
def office() -> Office:
    return Office(Settings(profiles={"default": Profile(), "tutor": Profile(voice="configured")}))


async def put(office: Office, name: str = "tutor", voice: str = "marin", **members: Any) -> ProfileVersion:
    by = members.pop("by", SYSTEM)
    return await office.profiles.put(name, Profile(voice=voice), by=by, origin=ORIGIN, **members)


async def voice(office: Office, name: str = "tutor", tenant: str | None = None) -> str | None:
    found = await office.profiles.resolve(name, tenant)
    return None if found is None else found.profile.voice


class TestWhatANameMeans:
    async def test_the_tenants_own_then_the_global_one_then_the_configurations(self, office: Office) -> None:
        for tenant in ("acme", "other"):
            await office.tenant(tenant)
        assert [await voice(office, tenant=tenant) for tenant in ("acme", "other", None)] == ["configured"] * 3
        await put(office, voice="global")
        assert [await voice(office, tenant=tenant) for tenant in ("acme", "other", None)] == ["global"] * 3
        await put(office, voice="own", tenant="acme")
        found = [await voice(office, tenant=tenant) for tenant in ("acme", "other", None)]
        assert found == ["own", "global", "global"]

    async def test_a_deletion_uncovers_what_was_meant_before(self, office: Office) -> None:
        await office.tenant()
        await put(office, voice="global")
        await put(office, voice="own", tenant="acme")
        await office.profiles.delete("tutor", tenant="acme", by=SYSTEM, origin=ORIGIN)
        assert await voice(office, tenant="acme") == "global"
        await office.profiles.delete("tutor", by=SYSTEM, origin=ORIGIN)
        assert await voice(office, tenant="acme") == "configured"

    async def test_a_new_version_is_used_at_once(self, office: Office) -> None:
        for number, spoken in ((1, "one"), (2, "two")):
            assert (await put(office, voice=spoken)).version == number
            found = await office.profiles.resolve("tutor", None)
            assert found is not None
            assert (found.version, found.profile.voice) == (number, spoken)

    async def test_a_name_nobody_gave_means_nothing(self, office: Office) -> None:
        assert await office.profiles.resolve("nobody", None) is None
        await put(office, "nobody")
        assert await office.profiles.resolve("nobody", None)

    async def test_while_the_database_is_away_it_means_what_it_meant(self, office: Office) -> None:
        """Nobody is let in by a profile, and no key leaves without the journal."""
        await put(office, voice="global")
        assert await voice(office) == "global"
        revisions = office.stores.revision
        assert isinstance(revisions, InMemoryRevisionStore)
        revisions.broken = True
        office.clock.advance(3600)
        assert await voice(office) == "global"


class TestPutting:
    async def test_versions_stay_and_go_on_after_a_deletion(self, office: Office) -> None:
        await put(office, voice="one")
        await office.profiles.delete("tutor", by=SYSTEM, origin=ORIGIN)
        await put(office, voice="three")
        found = await office.profiles.versions("tutor", by=SYSTEM)
        assert [(one.version, one.profile and one.profile.voice) for one in found] == [
            (3, "three"),
            (2, None),
            (1, "one"),
        ]
        first = await office.profiles.get("tutor", version=1, by=SYSTEM)
        assert first.profile == Profile(voice="one")
        assert first.created_by == "system"

    async def test_facts_name_the_version_and_whose_it_is(self, office: Office) -> None:
        await office.tenant()
        await put(office, tenant="acme")
        await put(office, tenant="acme")
        await office.profiles.delete("tutor", tenant="acme", by=SYSTEM, origin=ORIGIN)
        assert office.journal.told()[1:] == [
            ("profile.created", "profile:tutor@1", "acme"),
            ("profile.created", "profile:tutor@2", "acme"),
            ("profile.deleted", "profile:tutor@3", "acme"),
        ]

    @pytest.mark.parametrize(
        ("profile", "field"),
        [
            (Profile(turn_detection={"type": "bogus"}), "turn_detection.type"),
            (Profile(model="gpt-5"), "model"),
            (Profile(tools=({"type": "function"},)), "tools[0].name"),
            (Profile(instructions="x" * 70_000), "profile"),
        ],
    )
    async def test_what_upstream_would_refuse_is_refused_here(
        self, profile: Profile, field: str, office: Office
    ) -> None:
        with pytest.raises(InvalidProfileError) as caught:
            await office.profiles.put("tutor", profile, by=SYSTEM, origin=ORIGIN)
        assert caught.value.field == field
        assert office.journal.facts == []

    @pytest.mark.parametrize("name", ["", "Tutor", "a_b", "x" * 65, "a\n"])
    async def test_a_name_follows_its_rule(self, name: str, office: Office) -> None:
        with pytest.raises(InvalidProfileError, match="name: must be 1–64 characters"):
            await put(office, name)

    async def test_a_tenant_must_be_there(self, office: Office) -> None:
        with pytest.raises(InvalidProfileError, match="tenant: must be the id of a tenant"):
            await put(office, tenant="nobody")

    async def test_without_its_fact_it_is_not_made(self, office: Office) -> None:
        office.journal.broken = True
        with pytest.raises(JournalUnavailableError):
            await put(office)
        assert await voice(office) == "configured"

    async def test_whoever_comes_second_gets_the_next_number(
        self, office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await put(office, voice="first")
        newest, asked = office.stores.profiles.newest, []

        async def late(name: str, *, tenant: str | None) -> ProfileVersion | None:
            asked.append(name)
            return None if len(asked) == 1 else await newest(name, tenant=tenant)

        monkeypatch.setattr(office.stores.profiles, "newest", late)
        assert (await put(office, voice="second")).version == 2
        assert [fact.code for fact in office.journal.facts] == [None, None, "invalid_request", None]


class TestReading:
    async def test_what_is_not_there_is_said_so(self, office: Office) -> None:
        await put(office)
        await office.profiles.delete("tutor", by=SYSTEM, origin=ORIGIN)
        with pytest.raises(ProfileNotFoundError, match="no profile `tutor` in the database"):
            await office.profiles.get("tutor", by=SYSTEM)
        with pytest.raises(ProfileNotFoundError, match="no profile `tutor@9`"):
            await office.profiles.get("tutor", version=9, by=SYSTEM)
        with pytest.raises(ProfileNotFoundError):
            await office.profiles.versions("default", by=SYSTEM)
        with pytest.raises(ProfileNotFoundError):
            await office.profiles.delete("tutor", by=SYSTEM, origin=ORIGIN)


class TestWhoeverBelongsToATenant:
    @pytest.fixture
    async def admin(self, office: Office) -> Principal:
        await office.tenant("acme")
        await office.tenant("other")
        return await office.admin("acme")

    async def test_means_its_own_profiles(self, office: Office, admin: Principal) -> None:
        assert (await put(office, by=admin)).tenant == "acme"
        assert await office.profiles.list(by=admin) == await office.profiles.list(tenant="acme", by=SYSTEM)
        assert await voice(office, tenant="other") == "configured"

    async def test_neither_sees_nor_changes_those_of_others(self, office: Office, admin: Principal) -> None:
        await put(office, tenant="other")
        await put(office, "house")
        with pytest.raises(ProfileNotAllowedError):
            await put(office, tenant="other", by=admin)
        for ask in (office.profiles.get, office.profiles.versions):
            with pytest.raises(ProfileNotAllowedError):
                await ask("tutor", tenant="other", by=admin)
            with pytest.raises(ProfileNotFoundError):
                await ask("house", by=admin)
        with pytest.raises(ProfileNotAllowedError):
            await office.profiles.delete("tutor", tenant="other", by=admin, origin=ORIGIN)
        with pytest.raises(ProfileNotFoundError):
            await office.profiles.delete("house", by=admin, origin=ORIGIN)

    async def test_may_put_only_what_it_may_use(self, office: Office) -> None:
        await office.tenant("acme")
        admin = await office.admin("acme", profiles=frozenset({"tutor"}))
        await put(office, "tutor", by=admin)
        with pytest.raises(ProfileNotAllowedError, match="name: must be a profile that this caller may use"):
            await put(office, "staff", by=admin)
