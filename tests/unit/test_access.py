"""How keys, tenants and profiles are put together."""

from pathlib import Path

import pytest

from limi.access import open_access, sql_stores
from limi.adapters.sql import DatabaseMissingError
from limi.features.api_keys.model import NewKey
from limi.features.tenants.model import NewTenant
from limi.kernel.principal import SYSTEM
from limi.kernel.settings import DatabaseSettings, Profile, Settings, SettingsError
from limi.testing import CountingIds, ManualClock
from limi.testing.backend import known_keys
from tests.unit.access_office import ORIGIN, Office


def settings_of(folder: Path) -> Settings:
    return Settings(database=DatabaseSettings(url=f"sqlite:///{folder}/limi.db"))


async def test_a_command_makes_its_database_and_a_server_finds_what_it_made(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with open_access(settings, known_keys(), clock=ManualClock(), ids=CountingIds()) as access:
        await access.tenants.create(NewTenant(id="acme"), by=SYSTEM, origin=ORIGIN)
        made = await access.keys.create(NewKey(name="web", tenant="acme"), by=SYSTEM, origin=ORIGIN)
        entries = await access.reader.entries()
    assert [entry.event for entry in entries] == ["tenant.created", "key.created"]
    stores = sql_stores(settings)
    found = await stores.keys.find(made.key.id)
    stores.close()
    assert found is not None
    assert found.key == made.key


def test_without_a_database_there_are_no_stores(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissingError):
        sql_stores(settings_of(tmp_path))


def test_a_configured_profile_that_upstream_would_refuse_stops_the_start() -> None:
    with pytest.raises(SettingsError, match=r"profiles\.tutor\.turn_detection\.type: "):
        Office(Settings(profiles={"tutor": Profile(turn_detection={"type": "bogus"})}))


async def test_it_starts_and_stops() -> None:
    office = Office()
    await office.access.start()
    assert office.access.watch.fresh
    await office.access.stop()
