"""The endpoints' store in SQL; what every store must do stands in tests/contract/webhooks."""

from pathlib import Path

import pytest
from sqlalchemy import select

from limi.adapters.sql import open_engine, upgrade
from limi.adapters.sql.access_database import AccessDatabase
from limi.adapters.sql.tables import webhook_deliveries, webhook_endpoints
from limi.adapters.sql.webhook_store import SQLEndpointStore
from limi.features.webhooks.model import Endpoint, SealedSecret
from limi.features.webhooks.ports import EndpointStore
from limi.kernel.revision import AccessUnavailableError
from tests.unit.adapters.sql.delivery_harness import A, Opened


async def test_it_fits_the_port_and_says_when_its_table_is_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/limi.db"
    upgrade(url)
    database = AccessDatabase(engine=open_engine(url))
    store: EndpointStore = SQLEndpointStore(database=database)
    await database.write(webhook_endpoints.drop)
    with pytest.raises(AccessUnavailableError, match="no such table: webhook_endpoints"):
        await store.list(tenant=None, after=None, limit=1)
    database.close()


async def test_sealed_secrets_are_json_that_any_text_column_holds(tmp_path: Path) -> None:
    opened = Opened(f"sqlite:///{tmp_path}/limi.db")
    store = SQLEndpointStore(database=opened.database)
    secret = SealedSecret(sealed=b"\x00\xff", created_at=1.0)
    await store.add(Endpoint(id=A, url="https://x.example/", secrets=(secret,), created_at=1, updated_at=1))
    query = select(webhook_endpoints.c.secrets)
    kept = await opened.database.read(lambda connection: connection.execute(query).scalar())
    assert kept == '[{"sealed":"AP8=","created_at":1.0,"expires_at":null}]'
    opened.close()


async def test_a_row_that_was_broken_from_outside_is_unavailable_and_not_a_defect(tmp_path: Path) -> None:
    opened = Opened(f"sqlite:///{tmp_path}/limi.db")
    opened.add_endpoints(A)
    change = webhook_endpoints.update().values(secrets="{")
    await opened.database.write(lambda connection: connection.execute(change))
    with pytest.raises(AccessUnavailableError):
        await SQLEndpointStore(database=opened.database).get(A)
    opened.close()


async def test_removing_is_done_where_cancelling_fails_afterwards(tmp_path: Path) -> None:
    """What waits is cancelled by whoever claims next."""
    opened = Opened(f"sqlite:///{tmp_path}/limi.db")
    opened.add_endpoints(A)
    store = SQLEndpointStore(database=opened.database)
    await opened.database.write(webhook_deliveries.drop)
    assert await store.remove(A)
    assert await store.get(A) is None
    opened.close()
