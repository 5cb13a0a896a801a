"""One backend for each module's tests and each kind of storage."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.admin.harness import Office, open_office

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of a module in one event loop, because the backend they share lives in it."""
    for item in items:
        if _HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["memory", "sqlite"])
async def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    folder = tmp_path_factory.mktemp("office") if request.param == "sqlite" else None
    async with open_office(folder) as office:
        yield office


@pytest.fixture
def office(shared: Office) -> Office:
    """A backend of a developer; limits of the tests before are past."""
    shared.wait(61)
    return shared
