"""What must be settled before the server may start: combinations of settings that would hand keys to anyone."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from limi.kernel.oidc_rules import check_oidc
from limi.kernel.secret import Secret
from limi.kernel.settings import SANDBOX_URL, Settings, SettingsError

__all__ = ["allows_anonymous", "check_start", "require_key_files", "require_settings"]

_MAIN_KEY: Final = "OPENAI_API_KEY"
_REDIS_SCHEMES: Final = ("redis", "rediss", "unix")


def require_settings(settings: Settings) -> None:
    """Refuse the start of a server that lacks settings; all that it lacks is told at once.

    Raises:
        SettingsError: naming every setting that is missing.
    """
    _refuse([*_missing_main_key(settings), *_missing_key_files(settings)], settings)


def require_key_files(settings: Settings) -> None:
    """Refuse to go on without the names of both key files, where no start makes them.

    Raises:
        SettingsError: naming those that are missing.
    """
    _refuse(_missing_key_files(settings), settings)


def check_start(settings: Settings) -> None:
    """Refuse a start that no operator can have meant, wherever the server's own keys come from.

    Raises:
        SettingsError: saying what to set.
    """
    _check_url(settings.upstream.url, "LIMI_UPSTREAM_URL")
    _check_url(settings.server.public_url, "LIMI_PUBLIC_URL")
    _check_redis_url(settings.redis.url)
    _check_workers(settings)
    check_oidc(settings.oidc)
    _refuse(_missing_main_key(settings), settings)
    exposed = not settings.embeds_sandbox and not _is_loopback(settings.server.host)
    if exposed and allows_anonymous(settings) and settings.security.allow_anonymous is not True:
        raise SettingsError(
            f"LIMI_HOST={settings.server.host} would let anyone on the network mint with your key; set "
            "LIMI_ALLOW_ANONYMOUS=false to require a Limi key, or =true if that is what you want."
        )


def allows_anonymous(settings: Settings) -> bool:
    """Say whether callers without a key may mint: what was set, else in development only."""
    chosen = settings.security.allow_anonymous
    return settings.development if chosen is None else chosen


def _missing_main_key(settings: Settings) -> list[str]:
    """Say whether the main key is missing: for a server as upstream, and where no one chose the sandbox."""
    url = settings.upstream.url
    needed = url != SANDBOX_URL and (url is not None or not settings.development)
    return [_MAIN_KEY] if needed and not settings.upstream.api_key else []


def _missing_key_files(settings: Settings) -> list[str]:
    if settings.development:
        return []
    security = settings.security
    files = {"LIMI_SECRET_KEY_FILE": security.secret_key_file, "LIMI_ADMIN_KEY_FILE": security.admin_key_file}
    return [name for name, file in files.items() if not file]


def _refuse(missing: Sequence[str], settings: Settings) -> None:
    if not missing:
        return
    *others, last = missing
    subject = f"{', '.join(others)} and {last} are" if others else f"{last} is"
    hint = "; key files are such that only the server's user can read them" if last != _MAIN_KEY else ""
    if _MAIN_KEY in missing and settings.upstream.url is None:
        hint += f"; set LIMI_UPSTREAM_URL=sandbox to run without {_MAIN_KEY}"
    place = f"in {settings.env}"
    if list(missing) == [_MAIN_KEY] and settings.upstream.url is not None:
        place = "where LIMI_UPSTREAM_URL names a server"
    msg = f"{subject} required {place}{hint}."
    raise SettingsError(msg)


def _check_url(url: str | None, setting: str) -> None:
    """Refuse a URL whose host or port cannot be connected to; its pattern cannot tell."""
    if url is None or url == SANDBOX_URL:
        return
    try:
        parts = urlsplit(url)
        named = parts.hostname and parts.port != 0
    except ValueError:
        named = False
    # Settings that were read hold none; those that a program built may.
    if named and "@" in parts.netloc:
        raise SettingsError(f"{setting} must hold no user name or password: it is told to clients and logs.")
    if not named:
        raise SettingsError(f"{setting} names no host and port that can be connected to.")


def _check_workers(settings: Settings) -> None:
    """Refuse several processes that would each count for themselves, or write to one file all at once."""
    count = settings.server.workers
    if count == 1:
        return
    if settings.embeds_sandbox:
        raise SettingsError(
            f"LIMI_WORKERS={count} needs an upstream outside, because the sandbox inside knows only the keys of "
            "its own process; set OPENAI_API_KEY, or run `limi sandbox` and name it in LIMI_UPSTREAM_URL."
        )
    missing = []
    if urlsplit(settings.database.url).scheme != "postgresql":
        missing.append("PostgreSQL (LIMI_DATABASE_URL=postgresql://…)")
    if settings.redis.url is None:
        missing.append("Redis (LIMI_REDIS_URL)")
    if missing:
        raise SettingsError(
            f"LIMI_WORKERS={count} needs {' and '.join(missing)}: without them each process would keep limits and "
            "repeats of its own, and all would wait for one file."
        )


def _check_redis_url(url: Secret | None) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url.reveal())
        named = parts.port != 0 and bool(parts.path.strip("/") if parts.scheme == "unix" else parts.hostname)
    except ValueError:
        named = False
    if not named or parts.scheme not in _REDIS_SCHEMES:
        raise SettingsError(
            "LIMI_REDIS_URL (redis.url) must be a URL such as redis://user:password@host:6379/0, rediss:// for "
            "TLS, or unix:///path."
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
