"""What the operator's commands work with: the backend's own services on its database, without the server.

Whoever may read the root key and write the database may do everything anyway, so a command asks for no key. A
running server notices what is changed here as it notices what another server changes.
"""

import asyncio
import getpass
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, TypeVar

import structlog
import typer

from limi.adapters.configuration import load_settings
from limi.adapters.key_files import KeyFiles, load_key_files
from limi.adapters.sql.engine import open_engine
from limi.cli.output import fail
from limi.features.api_keys.errors import ApiKeyError
from limi.features.api_keys.service import ApiKeyService
from limi.features.journal.reader import JournalReader
from limi.features.profiles.errors import ProfileError
from limi.features.profiles.service import ProfileService
from limi.features.tenants.errors import TenantError
from limi.features.tenants.service import TenantService
from limi.features.webhooks.errors import WebhookError
from limi.features.webhooks.service import WebhookService
from limi.kernel.clock import SystemClock
from limi.kernel.facts import Origin
from limi.kernel.ids import RandomIds
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import SYSTEM, Principal
from limi.kernel.revision import AccessUnavailableError
from limi.kernel.settings import Settings

__all__ = ["ConfigFile", "Operator", "Work", "operate", "pages"]

_PAGE: Final = 100
"""Things read at once; a list of any length goes through in parts."""

ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file with settings.", dir_okay=False)]

_Result = TypeVar("_Result")
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who runs the command, and the services for it."""

    by: Principal
    origin: Origin
    keys: ApiKeyService
    tenants: TenantService
    profiles: ProfileService
    webhooks: WebhookService
    reader: JournalReader
    now: Callable[[], float]


Work = Callable[[Operator], Awaitable[_Result]]


def operate(config: Path | None, work: Work[_Result]) -> _Result:
    """Do `work` with the services of the settings in force, and return what it returns.

    Raises:
        SettingsError: the settings do not fit.
        DatabaseError: the database cannot be opened.
        typer.Exit: with 1 after a sentence, when the services refuse or the database does not answer.
    """
    settings = load_settings(file=config)

    async def run() -> _Result:
        async with _opened(settings) as operator:
            return await work(operator)

    try:
        with _log_aside():
            return asyncio.run(run())
    except (ApiKeyError, TenantError, ProfileError, WebhookError) as exc:
        raise fail(str(exc)) from exc
    except (JournalUnavailableError, AccessUnavailableError) as exc:
        raise fail(f"the database does not answer: {exc}") from exc


async def pages(
    read: Callable[..., Awaitable[Sequence[_Item]]], *, place: Callable[[_Item], str], **given: object
) -> list[_Item]:
    """Return all that `read` gives, part by part.

    Args:
        read: a service's `list`, which takes `after` and `limit`.
        place: what it takes as `after` to go on behind an item.
        given: what else it is asked with.
    """
    found: list[_Item] = []
    while part := await read(after=place(found[-1]) if found else None, limit=_PAGE, **given):
        found += part
        if len(part) < _PAGE:
            break
    return found


@contextmanager
def _log_aside() -> Iterator[None]:
    """Keep what the services log out of the command's answer, which a program may read."""
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        yield
    finally:
        structlog.configure(**before)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Operator]:
    # Not at the top: it imports every store and service, which `limi --help` should not wait for.
    from limi.access import open_access  # noqa: PLC0415

    # A database is made by a server's start or `limi db upgrade`, not because a command ran in the wrong folder.
    open_engine(settings.database.url).dispose()
    clock, ids = SystemClock(), RandomIds()
    async with open_access(settings, _load_keys(settings), clock=clock, ids=ids) as access:
        yield Operator(
            by=SYSTEM,
            origin=Origin(request_id=ids.hex(16), caller=SYSTEM.caller, user_agent=_person()),
            keys=access.keys,
            tenants=access.tenants,
            profiles=access.profiles,
            webhooks=access.webhooks,
            reader=access.reader,
            now=clock.now,
        )


def _load_keys(settings: Settings) -> KeyFiles:
    keys = load_key_files(settings)
    if keys.made:
        # No later start of the server would say so.
        typer.echo(f"limi: the operator's key was made and is in {keys.admin_key_file}", err=True)
    return keys


def _person() -> str | None:
    """Return who is logged in on this machine, for the audit log."""
    try:
        return f"limi, run by {getpass.getuser()}"
    except (KeyError, OSError, ImportError):
        return "limi"
