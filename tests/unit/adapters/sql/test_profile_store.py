"""The profiles' store in SQL; what every store must do stands in tests/contract/test_access_stores.py."""

from pathlib import Path

import pytest

from limi.adapters.sql import open_engine, upgrade
from limi.adapters.sql.access_database import AccessDatabase
from limi.adapters.sql.profile_store import SQLProfileStore
from limi.adapters.sql.tables import profiles
from limi.features.profiles.ports import ProfileStore
from limi.kernel.revision import AccessUnavailableError


async def test_it_fits_the_port_and_says_when_its_table_is_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/limi.db"
    upgrade(url)
    database = AccessDatabase(engine=open_engine(url))
    store: ProfileStore = SQLProfileStore(database=database)
    await database.write(profiles.drop)
    with pytest.raises(AccessUnavailableError, match="no such table: profiles"):
        await store.page(tenant=None, after=None, limit=1)
    database.close()
