"""What every place for keys, tenants and profiles must do, whatever it is made of."""

import dataclasses
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from limi.access import AccessStores, memory_stores, sql_stores
from limi.adapters.sql import upgrade
from limi.features.api_keys.model import ApiKey, KeyID, StoredKey
from limi.features.profiles.model import ProfileVersion
from limi.features.tenants.model import Tenant, TenantStatus
from limi.features.webhooks.model import Endpoint, EndpointId, SealedSecret
from limi.kernel.principal import Scope
from limi.kernel.settings import DatabaseSettings, Leash, Override, Profile, Settings
from limi.testing import ManualClock

NOON = 1_790_000_000.25


def memory(_: pytest.FixtureRequest) -> AccessStores:
    return memory_stores(clock=ManualClock(NOON))


def sqlite(request: pytest.FixtureRequest) -> AccessStores:
    folder: Path = request.getfixturevalue("tmp_path")
    return _opened(f"sqlite:///{folder}/data/limi.db")


def postgresql(request: pytest.FixtureRequest) -> AccessStores:
    return _opened(request.getfixturevalue("postgres_url"))


def _opened(url: str) -> AccessStores:
    upgrade(url)
    return sql_stores(Settings(database=DatabaseSettings(url=url)))


@pytest.fixture(params=[memory, sqlite, postgresql])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[AccessStores]:
    make: Callable[[pytest.FixtureRequest], AccessStores] = request.param
    made = make(request)
    yield made
    made.close()


def tenant(tenant_id: str = "acme", **members: Any) -> Tenant:
    return Tenant(**{"id": tenant_id, "name": tenant_id, "created_at": NOON, "updated_at": NOON, **members})


def key(key_id: str = "aaaaaaaa", **members: Any) -> ApiKey:
    given = {"name": key_id, "scopes": frozenset({Scope.MINT}), "created_at": NOON, "created_by": "system"}
    return ApiKey(id=KeyID(key_id), **{**given, **members})


def stored(made: ApiKey, digit: int = 1) -> StoredKey:
    return StoredKey(key=made, token_hash=bytes([digit]) * 32)


def version(number: int = 1, name: str = "tutor", owner: str | None = None, **members: Any) -> ProfileVersion:
    given = {"profile": Profile(voice=f"v{number}"), "created_at": NOON, "created_by": "system", **members}
    return ProfileVersion(name=name, tenant=owner, version=number, **given)


class Counter:
    """Counts how often the revision moved."""

    def __init__(self, stores: AccessStores) -> None:
        self._stores = stores
        self._last = 0

    async def moves(self) -> int:
        number = await self._stores.revision.read()
        moved, self._last = number - self._last, number
        return moved


@pytest.fixture
async def counter(stores: AccessStores) -> Counter:
    made = Counter(stores)
    await made.moves()
    return made


class TestTenants:
    async def test_one_comes_back_as_it_went_in(self, stores: AccessStores) -> None:
        plain = tenant("plain")
        full = tenant(
            "full",
            name="Größe & Söhne",
            status=TenantStatus.SUSPENDED,
            tokens_per_minute=7,
            connections_per_minute=9,
            models=frozenset({"gpt-realtime-2.1", "gpt-realtime"}),
            profiles=frozenset({"default"}),
            updated_at=NOON + 1.5,
        )
        for made in (plain, full):
            assert await stores.tenants.add(made)
            assert await stores.tenants.find(made.id) == made
        assert await stores.tenants.find("nobody") is None

    async def test_an_id_is_taken_once(self, stores: AccessStores, counter: Counter) -> None:
        assert await stores.tenants.add(tenant("first"))
        first = await stores.tenants.find("first")
        assert await counter.moves() == 1
        assert not await stores.tenants.add(tenant("first", tokens_per_minute=5))
        assert await stores.tenants.find("first") == first
        assert await counter.moves() == 0

    async def test_a_change_is_made_only_to_what_was_seen(self, stores: AccessStores, counter: Counter) -> None:
        seen = tenant()
        await stores.tenants.add(seen)
        suspended = dataclasses.replace(seen, status=TenantStatus.SUSPENDED)
        assert await stores.tenants.replace(suspended, before=seen)
        assert await counter.moves() == 2
        renamed = dataclasses.replace(seen, name="Acme")
        assert not await stores.tenants.replace(renamed, before=seen), "it would resume the tenant"
        assert await stores.tenants.find("acme") == suspended
        assert await counter.moves() == 0

    async def test_pages_go_by_id_and_leave_deleted_ones_out(self, stores: AccessStores) -> None:
        for name in ("c", "a", "e", "b", "d"):
            await stores.tenants.add(tenant(name))
        await stores.tenants.replace(tenant("c", status=TenantStatus.DELETED), before=tenant("c"))
        assert [found.id for found in await stores.tenants.page(after=None, limit=2)] == ["a", "b"]
        assert [found.id for found in await stores.tenants.page(after="b", limit=5)] == ["d", "e"]
        assert await stores.tenants.page(after="e", limit=5) == []

    async def test_those_that_are_not_active_are_told(self, stores: AccessStores) -> None:
        for name, status in (("a", TenantStatus.ACTIVE), ("s", TenantStatus.SUSPENDED)):
            await stores.tenants.add(tenant(name, status=status))
        await stores.tenants.add(tenant("d"))
        await stores.tenants.replace(tenant("d", status=TenantStatus.DELETED), before=tenant("d"))
        assert await stores.tenants.unlisted() == {"s", "d"}

    async def test_with_a_deleted_one_go_its_keys_and_profiles_and_nobody_elses(
        self, stores: AccessStores
    ) -> None:
        for name in ("acme", "other"):
            await stores.tenants.add(tenant(name))
            await stores.keys.add(stored(key(f"{name:a<8}", tenant=name)))
            await stores.profiles.add(version(owner=name))
        await stores.profiles.add(version())
        await stores.tenants.replace(tenant(status=TenantStatus.DELETED, updated_at=NOON), before=tenant())
        gone, there = [await stores.keys.find(KeyID(name)) for name in ("acmeaaaa", "otheraaa")]
        assert gone is not None
        assert there is not None
        assert (gone.key.revoked_at, there.key.revoked_at) == (NOON, None)
        assert await stores.profiles.newest("tutor", tenant="acme") is None
        assert await stores.profiles.newest("tutor", tenant="other") == version(owner="other")
        assert await stores.profiles.newest("tutor", tenant=None) == version()

    async def test_with_a_deleted_one_go_its_webhook_endpoints_and_nobody_elses(
        self, stores: AccessStores
    ) -> None:
        """They would be sent what happens to a tenant that is given nobody's events any more."""
        await stores.tenants.add(tenant())
        for letter, owner in (("a", "acme"), ("b", "other"), ("c", None)):
            secret = SealedSecret(sealed=b"", created_at=NOON)
            endpoint = Endpoint(
                id=EndpointId(f"whe_{letter * 16}"),
                url="https://example.com/",
                tenant=owner,
                secrets=(secret,),
                created_at=NOON,
                updated_at=NOON,
            )
            await stores.endpoints.add(endpoint)
        await stores.tenants.replace(tenant(status=TenantStatus.DELETED, updated_at=NOON), before=tenant())
        left = await stores.endpoints.list(tenant=None, after=None, limit=9)
        assert [each.tenant for each in left] == ["other", None]


class TestKeys:
    async def test_one_comes_back_as_it_went_in(self, stores: AccessStores) -> None:
        plain = stored(key())
        full = StoredKey(
            key=key(
                "bbbbbbbb",
                name="Ünïcode",
                scopes=frozenset(Scope),
                tenant="acme",
                origins=frozenset({"https://app.example.com"}),
                models=frozenset({"gpt-realtime"}),
                profiles=frozenset({"default", "tutor"}),
                max_ttl_seconds=60,
                tokens_per_minute=5,
                expires_at=NOON + 100,
                rotated_at=NOON + 1,
                previous_until=NOON + 2,
                revoked_at=NOON + 3,
            ),
            token_hash=b"\x01" * 32,
            previous_hash=b"\xff" * 32,
        )
        for made in (plain, full):
            assert await stores.keys.add(made)
            assert await stores.keys.find(made.key.id) == made
        assert await stores.keys.find(KeyID("cccccccc")) is None

    async def test_an_id_is_taken_once(self, stores: AccessStores, counter: Counter) -> None:
        assert await stores.keys.add(stored(key()))
        assert not await stores.keys.add(stored(key(name="other"), 2))
        assert await stores.keys.find(KeyID("aaaaaaaa")) == stored(key())
        assert await counter.moves() == 1

    async def test_a_change_is_made_only_to_what_was_seen(self, stores: AccessStores, counter: Counter) -> None:
        seen = stored(key())
        await stores.keys.add(seen)
        revoked = stored(key(revoked_at=NOON + 1))
        assert await stores.keys.replace(revoked, before=seen)
        assert not await stores.keys.replace(stored(key(rotated_at=NOON), 2), before=seen), "it would undo it"
        assert await stores.keys.find(KeyID("aaaaaaaa")) == revoked
        assert not await stores.keys.replace(stored(key("zzzzzzzz")), before=stored(key("zzzzzzzz")))
        assert await counter.moves() == 2

    async def test_the_last_use_is_noted_without_anybody_having_to_look(
        self, stores: AccessStores, counter: Counter
    ) -> None:
        await stores.keys.add(stored(key()))
        await counter.moves()
        await stores.keys.note_use({KeyID("aaaaaaaa"): NOON + 60, KeyID("zzzzzzzz"): NOON})
        found = await stores.keys.find(KeyID("aaaaaaaa"))
        assert found is not None
        assert found.key.last_used_at == NOON + 60
        assert await counter.moves() == 0

    async def test_a_use_noted_meanwhile_neither_hinders_a_change_nor_is_undone_by_it(
        self, stores: AccessStores
    ) -> None:
        seen = stored(key())
        await stores.keys.add(seen)
        await stores.keys.note_use({KeyID("aaaaaaaa"): NOON + 60})
        assert await stores.keys.replace(stored(key(rotated_at=NOON), 2), before=seen)
        assert await stores.keys.find(KeyID("aaaaaaaa")) == stored(key(rotated_at=NOON, last_used_at=NOON + 60), 2)

    async def test_pages_begin_with_the_oldest(self, stores: AccessStores) -> None:
        for name, at, owner in (
            ("bbbbbbbb", 2, "acme"),
            ("aaaaaaaa", 3, None),
            ("dddddddd", 1, "acme"),
            ("cccccccc", 2, "other"),
        ):
            await stores.keys.add(stored(key(name, created_at=NOON + at, tenant=owner)))

        async def names(**asked: Any) -> str:
            page = await stores.keys.page(**{"tenant": None, "after": None, "limit": 9, **asked})
            return "".join(found.id[0] for found in page)

        assert await names() == "dbca"
        assert await names(limit=2) == "db"
        assert await names(after=KeyID("bbbbbbbb")) == "ca"
        assert await names(tenant="acme") == "db"
        assert await names(tenant="acme", after=KeyID("dddddddd")) == "b"
        assert await names(after=KeyID("zzzzzzzz")) == ""
        assert await names(tenant="other", after=KeyID("dddddddd")) == "", "it is somebody else's"


class TestProfiles:
    async def test_one_comes_back_as_it_went_in(self, stores: AccessStores) -> None:
        profile = Profile(
            model="gpt-realtime",
            instructions="Sprich mit {{name}}: „hallo“.\n",
            turn_detection=None,
            transcription={"model": "whisper-1", "language": "de"},
            noise_reduction=None,
            variables={"name": "du"},
            ttl_seconds=60,
            requires_key=True,
            tools=({"type": "function", "name": "f", "parameters": {"type": "object"}},),
            overrides=(Override.MODEL,),
            leash=Leash(max_seconds=60, max_cost_micro_dollars=5),
        )
        made = version(profile=profile)
        assert await stores.profiles.add(made)
        found = await stores.profiles.newest("tutor", tenant=None)
        assert found == made
        assert msgspec.json.encode(found.profile) == msgspec.json.encode(profile)

    async def test_a_version_never_changes(self, stores: AccessStores, counter: Counter) -> None:
        assert await stores.profiles.add(version())
        assert not await stores.profiles.add(version(profile=Profile(voice="other")))
        assert await stores.profiles.find("tutor", tenant=None, version=1) == version()
        assert await counter.moves() == 1

    async def test_the_newest_counts_and_the_others_stay(self, stores: AccessStores) -> None:
        for number in (1, 3, 2):
            await stores.profiles.add(version(number))
        assert await stores.profiles.newest("tutor", tenant=None) == version(3)
        found = await stores.profiles.versions("tutor", tenant=None, limit=2)
        assert [one.version for one in found] == [3, 2]
        assert await stores.profiles.find("tutor", tenant=None, version=4) is None

    async def test_a_tenants_and_a_global_one_of_a_name_are_two(self, stores: AccessStores) -> None:
        await stores.profiles.add(version())
        await stores.profiles.add(version(5, owner="acme"))
        assert await stores.profiles.newest("tutor", tenant="acme") == version(5, owner="acme")
        assert await stores.profiles.newest("tutor", tenant=None) == version()
        assert await stores.profiles.newest("tutor", tenant="other") is None
        assert await stores.profiles.find("tutor", tenant="acme", version=1) is None

    async def test_pages_hold_the_newest_and_leave_deleted_ones_out(self, stores: AccessStores) -> None:
        for name in ("c", "a", "b"):
            await stores.profiles.add(version(name=name))
        await stores.profiles.add(version(2, name="a"))
        await stores.profiles.add(version(2, name="b", profile=None))
        await stores.profiles.add(version(name="d", owner="acme"))

        async def names(**asked: Any) -> list[tuple[str, int]]:
            page = await stores.profiles.page(**{"tenant": None, "after": None, "limit": 9, **asked})
            return [(found.name, found.version) for found in page]

        assert await names() == [("a", 2), ("c", 1)]
        assert await names(limit=1) == [("a", 2)]
        assert await names(after="a") == [("c", 1)]
        assert await names(tenant="acme") == [("d", 1)]
