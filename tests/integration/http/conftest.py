"""A backend for each test that asks for one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from limi.features.journal.ports import JournalStore
from tests.integration.http.harness import OpenSite, Site, open_site


@pytest.fixture
async def opened() -> AsyncIterator[OpenSite]:
    """Open backends with settings of the test's own; all are closed at its end."""
    async with AsyncExitStack() as stack:

        async def run(
            *, sandbox: bool = False, environ: dict[str, str] | None = None, store: JournalStore | None = None
        ) -> Site:
            return await stack.enter_async_context(open_site(sandbox=sandbox, environ=environ, store=store))

        yield run


@pytest.fixture
async def site(opened: OpenSite) -> Site:
    """A backend of a developer, before a fake upstream."""
    return await opened()
