"""What must be settled before the server may start: combinations of settings that would hand keys to anyone."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from limi.kernel.settings import SANDBOX_URL, Settings, SettingsError

__all__ = ["allows_anonymous", "check_start"]


def check_start(settings: Settings) -> None:
    """Refuse a start that no operator can have meant.

    Raises:
        SettingsError: saying what to set.
    """
    _check_url(settings.upstream.url, "LIMI_UPSTREAM_URL")
    _check_url(settings.server.public_url, "LIMI_PUBLIC_URL")
    if not settings.embeds_sandbox and not settings.upstream.api_key:
        raise SettingsError("OPENAI_API_KEY is required where LIMI_UPSTREAM_URL names a server.")
    if settings.embeds_sandbox and settings.upstream.url is None and not settings.development:
        raise SettingsError(
            f"OPENAI_API_KEY is required in {settings.env}; set LIMI_UPSTREAM_URL=sandbox to run without it."
        )
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


def _check_url(url: str | None, setting: str) -> None:
    """Refuse a URL whose host or port cannot be connected to; its pattern cannot tell."""
    if url is None or url == SANDBOX_URL:
        return
    try:
        named = urlsplit(url).hostname and urlsplit(url).port != 0
    except ValueError:
        named = False
    if not named:
        raise SettingsError(f"{setting} names no host and port that can be connected to.")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
