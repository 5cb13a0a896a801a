"""Limi's mint with another way to reach upstream: all parts that a mint passes, put together as `limi.app` does.

`create_app` makes its own transport; here it is an argument, so that the guard can leave the network out and
`clients` can compare HTTP clients in the whole job.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from limi.adapters.telemetry.metrics import Metrics
from limi.adapters.upstream.openai import OpenAIUpstream
from limi.adapters.upstream.transports import OPENAI_URL, Transport
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore, Sealer
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.client_secrets.service import MintService
from limi.features.client_secrets.session_config import SessionBodies
from limi.features.journal.ports import JournalStore
from limi.features.journal.service import JournalWriter
from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.service import RateLimiter
from limi.http.addresses import ClientAddresses, Hosts
from limi.http.asgi import ASGIApp
from limi.http.authentication import Authenticator
from limi.http.cors import CORS
from limi.http.envelope import Envelope
from limi.http.mint import MINT_PATH, MintEndpoint
from limi.http.routes import make_routes
from limi.http.urls import URLMaker
from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds
from limi.kernel.keys import KeyLabel, derive_key
from limi.kernel.secret import Secret
from limi.kernel.settings import Settings

__all__ = ["make_mint_app"]

_ROOT_KEY = Secret("00" * 32)  # of no server
_ADMIN_KEY = Secret("limi_admin_for_benchmarks_only")


def make_mint_app(settings: Settings, *, transport: Transport, store: JournalStore) -> ASGIApp:
    """Return an application that mints; its journal is written, its parts closed, within its ASGI lifespan."""
    clock, ids, metrics = SystemClock(), RandomIds(), Metrics()
    journal = JournalWriter(store=store, settings=settings.journal, clock=clock, ids=ids)
    upstream = OpenAIUpstream(
        transport=transport, api_key=Secret("sk-benchmark"), clock=clock, observe=metrics.upstream_answered
    )
    service = MintService(
        upstream=upstream,
        journal=journal,
        models=ModelCatalogue(settings=settings.models, clock=clock),
        bodies=SessionBodies(settings.profiles),
        repeats=InMemoryIdempotencyStore(clock=clock, max_entries=settings.idempotency.max_entries),
        sealer=Sealer(derive_key(_ROOT_KEY, KeyLabel.IDEMPOTENCY)),
        privacy_key=derive_key(_ROOT_KEY, KeyLabel.PRIVACY),
        max_in_flight=settings.upstream.max_in_flight,
        clock=clock,
        ids=ids,
    )
    windows = InMemoryWindowStore(clock=clock, max_keys=settings.limits.max_callers)
    mint = MintEndpoint(
        authenticator=Authenticator(admin_key=_ADMIN_KEY, allow_anonymous=True),
        limiter=RateLimiter(settings=settings.limits, store=windows),
        service=service,
        urls=URLMaker(OPENAI_URL),
        observer=metrics,
        clock=clock,
        max_body_bytes=settings.server.max_body_bytes,
        body_seconds=settings.server.body_seconds,
        keep_user_agent=settings.log.user_agent,
    )

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.callback(store.close)
            stack.push_async_callback(upstream.close)
            await journal.start()
            stack.push_async_callback(journal.stop)
            yield

    return Envelope(
        make_routes(handlers=[], lifespan=lifespan),
        routes={MINT_PATH: mint},
        mounts={},
        hosts=Hosts(public_url=None, allowed=()),
        addresses=ClientAddresses(()),
        cors=CORS(origins=(), allow_localhost=True),
        https=False,
        ids=ids,
    )
