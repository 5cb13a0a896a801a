"""What a server's settings must satisfy, judged without making or touching anything."""

from limi.kernel.settings import Settings
from limi.kernel.start_rules import check_start, require_settings

__all__ = ["check_settings"]


def check_settings(settings: Settings) -> None:
    """Refuse settings with which `limi serve` could not start, before it makes keys, a database or a log.

    Raises:
        SettingsError: naming the setting and its rule.
    """
    from limi.features.client_secrets.session_config import check_profile  # noqa: PLC0415 - keeps `limi --help` quick
    from limi.http.addresses import ClientAddresses, Hosts  # noqa: PLC0415
    from limi.http.cors import CORS  # noqa: PLC0415

    require_settings(settings)
    check_start(settings)
    # These judge theirs when they are made; the application makes its own later, when the database is open.
    server = settings.server
    Hosts(public_url=server.public_url, allowed=server.allowed_hosts)
    CORS(origins=server.cors_origins, allow_localhost=settings.development)
    ClientAddresses(server.trusted_proxies)
    for name, profile in settings.profiles.items():
        check_profile(profile, place=f"profiles.{name}")
