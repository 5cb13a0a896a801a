"""The tenants' store in SQL; what every store must do stands in tests/contract/test_access_stores.py."""

from pathlib import Path

import pytest

from limi.adapters.sql import open_engine, upgrade
from limi.adapters.sql.access_database import AccessDatabase
from limi.adapters.sql.tables import tenants
from limi.adapters.sql.tenant_store import SQLTenantStore
from limi.features.tenants.ports import TenantStore
from limi.kernel.revision import AccessUnavailableError


async def test_it_fits_the_port_and_says_when_its_table_is_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/limi.db"
    upgrade(url)
    database = AccessDatabase(engine=open_engine(url))
    store: TenantStore = SQLTenantStore(database=database)
    await database.write(tenants.drop)
    with pytest.raises(AccessUnavailableError, match="no such table: tenants"):
        await store.page(after=None, limit=1)
    database.close()
