"""What must be settled before the server may start: combinations of settings that would hand keys to anyone."""

from ipaddress import ip_address

from limi.kernel.settings import Settings, SettingsError

__all__ = ["allows_anonymous", "check_start"]


def check_start(settings: Settings) -> None:
    """Refuse a start that no operator can have meant.

    Raises:
        SettingsError: saying what to set.
    """
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


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
