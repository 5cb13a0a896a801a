"""The whole backend on loopback, with its time, journal and upstream in the test's hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from limi.adapters.configuration import load_settings
from limi.adapters.key_files import KeyFiles
from limi.app import Application, create_app
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.ports import JournalStore
from limi.kernel.clock import Clock, SystemClock
from limi.kernel.ids import RandomIds
from limi.kernel.secret import Secret
from limi.testing.issuer import FakeIssuer
from limi.testing.server import serving

__all__ = ["ADMIN_KEY", "Backend", "known_keys", "running_backend"]

ADMIN_KEY = "limi_admin_for_tests_only_0000"  # a key of no server


@dataclass(frozen=True, slots=True)
class Backend:
    """A backend that answers."""

    url: str
    app: Application
    store: JournalStore
    admin_key: str = ADMIN_KEY


def known_keys() -> KeyFiles:
    """Return server keys that are the same in every test."""
    return KeyFiles(
        root=Secret("00" * 32), admin_key=Secret(ADMIN_KEY), admin_key_file=Path("admin-key"), made=False
    )


@asynccontextmanager
async def running_backend(
    *,
    upstream_url: str | None = None,
    environ: dict[str, str] | None = None,
    clock: Clock | None = None,
    store: JournalStore | None = None,
    issuer: FakeIssuer | None = None,
) -> AsyncIterator[Backend]:
    """Run a backend in this event loop.

    Args:
        upstream_url: who makes keys; the sandbox inside unless given.
        environ: settings as environment variables; the process's own are not looked at. Unless they say otherwise
            the sandbox has its small speech, which is the same on every machine.
        clock: its time; the machine's unless given.
        store: its journal; in memory unless given.
        issuer: whose tokens it accepts; nobody's unless given.
    """
    given = {"LIMI_UPSTREAM_URL": upstream_url, "OPENAI_API_KEY": "sk-test-main-key"} if upstream_url else {}
    login = {"LIMI_OIDC_ISSUER": issuer.url, "LIMI_OIDC_AUDIENCE": issuer.audience} if issuer else {}
    settings = load_settings({"LIMI_SPEECH": "small", **given, **login, **(environ or {})})
    kept = store or InMemoryJournalStore()
    app = create_app(
        settings,
        keys=known_keys(),
        clock=clock or SystemClock(),
        ids=RandomIds(),
        store=kept,
        fetch=issuer.fetch if issuer else None,
    )
    async with serving(app.asgi) as url:
        yield Backend(url, app, kept)
