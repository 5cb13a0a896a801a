"""Endpoints and deliveries in memory, SQLite and PostgreSQL: each test of this folder is for all three."""

from collections.abc import AsyncIterator, Callable

import pytest

from limi.features.webhooks.model import Endpoint
from tests.contract.webhooks.harness import A, B, Post, Stores, endpoint, memory, postgresql, sqlite
from tests.unit.features.journal.harness import NOON, Facts, FakeClock


@pytest.fixture(params=[memory, sqlite, postgresql])
async def stores(request: pytest.FixtureRequest) -> AsyncIterator[Stores]:
    make: Callable[[pytest.FixtureRequest], Stores] = request.param
    made = make(request)
    yield made
    made.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def facts(clock: FakeClock) -> Facts:
    return Facts(clock)


@pytest.fixture
def post(stores: Stores, facts: Facts) -> Post:
    return Post(stores, facts)


@pytest.fixture
async def one(stores: Stores) -> Endpoint:
    made = endpoint()
    await stores.endpoints.add(made)
    return made


@pytest.fixture
async def two(stores: Stores, one: Endpoint) -> None:
    await stores.endpoints.add(endpoint(B, tenant="acme", created_at=NOON + 1))
    assert one.id == A
