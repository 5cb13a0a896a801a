"""One backend for each module's tests, and others for the tests that need settings of their own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from limi.features.journal.ports import JournalStore
from tests.integration.http.harness import OpenSite, Site, open_site

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of a module in one event loop, because the backend they share lives in it."""
    for item in items:
        if _HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    """The settings of the module's backend; a module that wants others overrides this."""
    return {}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared(environ: dict[str, str]) -> AsyncIterator[Site]:
    async with open_site(environ=environ) as site:
        yield site


@pytest.fixture
def site(shared: Site) -> Site:
    """A backend of a developer, before a fake upstream; of the tests before nothing is left."""
    shared.next_test()
    return shared


@pytest_asyncio.fixture(loop_scope="module")
async def opened() -> AsyncIterator[OpenSite]:
    """Open backends with settings of the test's own; all are closed at its end."""
    async with AsyncExitStack() as stack:

        async def run(
            *, sandbox: bool = False, environ: dict[str, str] | None = None, store: JournalStore | None = None
        ) -> Site:
            return await stack.enter_async_context(open_site(sandbox=sandbox, environ=environ, store=store))

        yield run
