"""`limi doctor`: looks at key, upstream, database, Redis, port and clock, and says of each what to do."""

import asyncio
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from limi import __version__
from limi.adapters.configuration import load_settings
from limi.adapters.key_files import FOLDER, load_key_files
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.errors import DatabaseError, DatabaseMissingError
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.adapters.upstream.connector import UntrustedError
from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.openai import is_json_object, reason_of
from limi.adapters.upstream.transports import OPENAI_URL, Answer, TransportError
from limi.cli.checks import check_settings
from limi.cli.listening import bind_socket
from limi.kernel.errors import CATALOGUE
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.secret import Secret
from limi.kernel.settings import Settings, SettingsError

__all__ = ["doctor"]

_MOST_SKEW_SECONDS: Final = 30.0
_NEIGHBOUR_SECONDS: Final = 1.0
"""How long whoever has the port may take to say what it is; a server of ours takes milliseconds."""
_WRITER: Final = "doctor"
_CODES: Final[dict[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "openai_auth_failed",
    HTTPStatus.TOO_MANY_REQUESTS: "openai_rate_limited",
}
"""The catalogue's words for statuses of upstream's that have some of their own."""
_TRUST_ADVICE: Final = (
    "Check the host in LIMI_UPSTREAM_URL and this machine's clock. SSL_CERT_FILE names a file of authorities to "
    "trust, such as a company's own."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found."""

    subject: str
    fine: bool
    message: str
    advice: str = ""


def doctor(
    *,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.", dir_okay=False)] = None,
) -> None:
    """Check key, upstream, database, Redis, port and clock, and say what to do about what is wrong."""
    settings = load_settings(file=config)
    findings = list(_findings(settings))
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.fine else 'FAIL'}  {finding.subject:<9} {finding.message}")
        if finding.advice:
            typer.echo(f"                {finding.advice}")
    if not all(finding.fine for finding in findings):
        sys.exit(1)


def _findings(settings: Settings) -> Iterator[Finding]:
    for subject, look in _LOOKS.items():
        try:
            yield look(settings)
        except (SettingsError, DatabaseError) as exc:
            yield Finding(subject, fine=False, message=str(exc))


def _look_at_start(settings: Settings) -> Finding:
    check_settings(settings)
    return Finding("settings", fine=True, message=f"they fit together for {settings.env}")


def _look_at_keys(settings: Settings) -> Finding:
    security = settings.security
    files = (security.secret_key_file or FOLDER / "secret", security.admin_key_file or FOLDER / "admin-key")
    # Reading would make what is missing, and then no `limi serve` would say where the operator's key is.
    if settings.development and not all(Path(file).exists() for file in files):
        return _judge_folder(FOLDER)
    keys = load_key_files(settings)
    return Finding("keys", fine=True, message=f"both are there; the operator's is in {keys.admin_key_file}")


def _judge_folder(folder: Path) -> Finding:
    """Say whether a first start could make its files."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return Finding("keys", fine=True, message="none yet; the first `limi serve` makes them")
    advice = (
        "Start in a folder of your own, or set LIMI_SECRET_KEY_FILE, LIMI_ADMIN_KEY_FILE and LIMI_DATABASE_URL."
    )
    return Finding("keys", fine=False, message=f"none yet, and {there} cannot be written", advice=advice)


def _look_at_upstream(settings: Settings) -> Finding:
    if settings.embeds_sandbox:
        return _judge_sandbox(settings)
    url, started = settings.upstream.url or OPENAI_URL, time.monotonic()
    key = settings.upstream.api_key
    headers = {"authorization": f"Bearer {key.reveal()}"} if key else {}
    try:
        transport = _transport(
            settings, url, seconds=settings.upstream.timeout_seconds, proxy=settings.upstream.proxy
        )
        answer = asyncio.run(_ask(transport, "/models", headers))
    except UntrustedError as exc:
        return Finding("upstream", fine=False, message=f"{url} cannot be used: {exc.reason}", advice=_TRUST_ADVICE)
    except TransportError as exc:
        advice = "Check the network, LIMI_UPSTREAM_PROXY or HTTPS_PROXY, and LIMI_UPSTREAM_URL."
        return Finding("upstream", fine=False, message=f"{url} does not answer: {exc.reason}", advice=advice)
    took = f"{(time.monotonic() - started) * 1000:.0f} ms"
    if answer.status != HTTPStatus.OK:
        return _judge_refusal(answer, url)
    if not is_json_object(answer):
        message = f"{url} answered 200, and not as OpenAI's API does"
        advice = (
            "Another server is at LIMI_UPSTREAM_URL, or something between answers for it, such as a log-in page."
        )
        return Finding("upstream", fine=False, message=message, advice=advice)
    return _judge_clock(answer, f"{url} accepts the key, in {took}")


def _judge_sandbox(settings: Settings) -> Finding:
    """Say whether it was chosen: outside development a missing key is no choice, and no server starts."""
    if settings.upstream.url is None and not settings.development:
        advice = "Set OPENAI_API_KEY, or LIMI_UPSTREAM_URL=sandbox to run without it."
        return Finding("upstream", fine=False, message="none: OPENAI_API_KEY is not set", advice=advice)
    return Finding("upstream", fine=True, message="the sandbox inside; set OPENAI_API_KEY to use OpenAI")


def _judge_refusal(answer: Answer, url: str) -> Finding:
    """Say what an answer other than 200 means, and what upstream's own word for it is."""
    code = _CODES.get(answer.status, "token_generation_failed")
    message, advice = CATALOGUE[code].message, " ".join(CATALOGUE[code].checks)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        message, advice = "it has trouble of its own", "Wait, and look at the provider's status page."
    elif HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        message, advice = (
            "it leads elsewhere",
            "Set LIMI_UPSTREAM_URL to where it leads: the key is sent nowhere else.",
        )
    return Finding(
        "upstream",
        fine=False,
        message=f"{url} answered {answer.status}: {message}{reason_of(answer)}",
        advice=advice,
    )


def _transport(settings: Settings, url: str, *, seconds: float, proxy: Secret | None = None) -> HTTPTransport:
    return HTTPTransport(
        base_url=url,
        timeout_seconds=seconds,
        max_bytes=settings.upstream.max_response_bytes,
        user_agent=f"Limi-AI-Backend/{__version__}",
        proxy=proxy,
    )


async def _ask(transport: HTTPTransport, path: str, headers: Mapping[str, str]) -> Answer:
    try:
        return await transport.send("GET", path, headers=headers)
    finally:
        await transport.close()


def _judge_clock(answer: Answer, message: str) -> Finding:
    """Compare this machine's clock with the `Date` of the answer: a wrong one makes fresh keys look expired."""
    try:
        skew = time.time() - parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return Finding("upstream", fine=True, message=message)
    if abs(skew) <= _MOST_SKEW_SECONDS:
        return Finding("upstream", fine=True, message=f"{message}; the clocks agree within {abs(skew):.0f} s")
    way = "fast" if skew > 0 else "slow"
    return Finding(
        "clock",
        fine=False,
        message=f"this machine's clock is {abs(skew):.0f} s {way}",
        advice="Keep it right with NTP: keys would seem expired, or valid when they are not.",
    )


def _look_at_database(settings: Settings) -> Finding:
    try:
        engine = open_engine(settings.database.url)
    except DatabaseMissingError as exc:
        if settings.development:
            return Finding("database", fine=True, message="none yet; the first `limi serve` makes it")
        return Finding("database", fine=False, message=str(exc))
    store = SQLJournalStore(engine=engine)
    try:
        store.ping()
        # Committed, because a write that is rolled back never asks the disk for room; and then taken back.
        store.renew_lease(_WRITER, until=time.time(), settled=None)
        store.forget_lease(_WRITER)
    except JournalUnavailableError as exc:
        advice = (
            "Check that its server runs, that the disk has room and is writable, and that nothing holds a lock on "
            "the database."
        )
        return Finding("database", fine=False, message=str(exc), advice=advice)
    finally:
        store.close()
    return Finding("database", fine=True, message="reads and writes work")


def _look_at_redis(settings: Settings) -> Finding:
    url = settings.redis.url
    if not url:
        return Finding("redis", fine=True, message="none; limits and repeats are each process's own")
    # Not at the top: it takes a tenth of a second, which `limi --help` does without.
    from limi.adapters.redis.connection import RedisUnavailableError  # noqa: PLC0415
    from limi.adapters.redis.shared_state import look_at_redis  # noqa: PLC0415

    try:
        report = asyncio.run(look_at_redis(url, timeout_seconds=settings.redis.connect_seconds))
    except (RedisUnavailableError, ValueError) as exc:
        reason = exc.reason if isinstance(exc, RedisUnavailableError) else "its URL holds an unknown option"
        advice = "Check LIMI_REDIS_URL and the server. Without it each process admits its share of every limit."
        return Finding("redis", fine=False, message=f"it cannot be used: {reason}", advice=advice)
    if report.evicts:
        advice = "Set `maxmemory-policy noeviction`: a window thrown away lets more pass than its limit."
        return Finding("redis", fine=False, message="it throws keys away when its memory is full", advice=advice)
    return Finding("redis", fine=True, message=f"answers in {report.milliseconds:.1f} ms")


def _look_at_port(settings: Settings) -> Finding:
    host, port = settings.server.host, settings.server.port
    try:
        bind_socket(host, port).close()
    except SettingsError as exc:
        taken = isinstance(exc.__cause__, OSError) and exc.__cause__.errno == errno.EADDRINUSE
        if not (taken and _answers(settings)):
            raise
        return Finding("port", fine=True, message=f"a Limi server answers at {host}:{port} already")
    return Finding("port", fine=True, message=f"{host}:{port} is free")


def _answers(settings: Settings) -> bool:
    """Say whether it is a Limi server that has the port."""
    # Not at the top: it brings the web framework, which `limi --help` does without.
    from limi.http.front_page import SERVICE, ServiceBody  # noqa: PLC0415

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.server.host, settings.server.host)  # noqa: S104 - asked only
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.server.port}"
    try:
        answer = asyncio.run(_ask(_transport(settings, url, seconds=_NEIGHBOUR_SECONDS), "/api", {}))
        return msgspec.json.decode(answer.body, type=ServiceBody).service == SERVICE
    except (TransportError, msgspec.DecodeError):
        return False


_LOOKS: Final[dict[str, Callable[[Settings], Finding]]] = {
    "settings": _look_at_start,
    "keys": _look_at_keys,
    "upstream": _look_at_upstream,
    "database": _look_at_database,
    "redis": _look_at_redis,
    "port": _look_at_port,
}
