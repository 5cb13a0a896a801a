"""A whole backend on a database of its own, before a fake upstream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from limi.adapters.configuration import load_settings
from limi.app import Application, create_app
from limi.testing import FakeUpstream, serving
from limi.testing.backend import known_keys

__all__ = ["backend_on"]


@asynccontextmanager
async def backend_on(database: str, **environ: str) -> AsyncIterator[tuple[Application, httpx.AsyncClient]]:
    """Run it on the database of that URL; yield it with a client of it."""
    upstream = FakeUpstream()
    async with upstream.running():
        given = {
            "LIMI_UPSTREAM_URL": upstream.url,
            "OPENAI_API_KEY": "sk-test-main-key",
            "LIMI_DATABASE_URL": database,
            **environ,
        }
        app = create_app(load_settings(given), keys=known_keys())
        async with (
            serving(app.asgi) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client,
        ):
            yield app, client
