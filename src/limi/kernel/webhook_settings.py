"""How events are delivered to other systems: how often, how long, and where to."""

from typing import Annotated, Final

import msgspec

from limi.kernel.secret import Secret
from limi.kernel.setting_fields import SettingsGroup, setting

__all__ = ["WebhookSettings"]

_DAY_SECONDS: Final = 86_400
Delay = Annotated[float, msgspec.Meta(ge=0, le=7 * _DAY_SECONDS)]


class WebhookSettings(SettingsGroup, frozen=True):
    """Deliveries to the endpoints that operators registered."""

    enabled: Annotated[
        bool,
        setting(
            "Whether events are delivered. Without it none is kept for later either: those of that time reach "
            "nobody."
        ),
    ] = True
    allow_private_addresses: Annotated[
        bool,
        setting(
            "Whether endpoints may be at loopback and private addresses, and at loopback by plain http. Only with "
            "tenants of your own house: a stranger's URL would reach what this machine alone can. In development "
            "loopback is allowed anyway; link-local and metadata addresses never are."
        ),
    ] = False
    proxy: Annotated[
        Secret | None,
        setting(
            "Proxy towards endpoints at public addresses, `http://[user:password@]host[:port]`, asked to tunnel "
            "(CONNECT) to an address that was checked, never to a name. HTTPS_PROXY does not count here."
        ),
    ] = None
    timeout_seconds: Annotated[
        float,
        setting("Longest wait for one whole answer; the specification asks for 15 to 30 s.", gt=0, le=120),
    ] = 30.0
    max_in_flight: Annotated[
        int, setting("Deliveries at once in each process; each is a socket and a few KB.", ge=1, le=1000)
    ] = 128
    per_endpoint: Annotated[
        int,
        setting(
            "Of these, most to one endpoint, so that a slow one leaves room for others. So many are claimed and "
            "settled together, too, and the more the cheaper.",
            ge=1,
            le=1000,
        ),
    ] = 32
    schedule: Annotated[
        tuple[Delay, ...],
        setting(
            "Seconds from each failed try to the next; the first is made at once. With these there are ten tries "
            "over 75 hours, as the specification suggests.",
            max_length=30,
        ),
    ] = (5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)
    jitter: Annotated[
        float,
        setting(
            "Share by which each wait is made longer or shorter at random, so that an endpoint which was down is "
            "not met by all its events at once.",
            ge=0,
            le=0.5,
        ),
    ] = 0.2
    keep_days: Annotated[
        float,
        setting(
            "Days after which a delivery that is over leaves the lists and can no longer be replayed.",
            ge=1,
            le=36_500,
        ),
    ] = 30.0
    disable_after_days: Annotated[
        float,
        setting(
            "Days of nothing but failures after which an endpoint is disabled; the schedule has ended.",
            gt=0,
            le=36_500,
        ),
    ] = 5.0
    max_endpoints_per_tenant: Annotated[
        int,
        setting("Endpoints of one tenant, and of the operator; each event costs a row for each.", ge=1, le=1000),
    ] = 50
    poll_seconds: Annotated[
        float,
        setting(
            "Between two looks for deliveries that are due, for those that commands and other processes left.",
            ge=0.05,
            le=60,
        ),
    ] = 1.0
