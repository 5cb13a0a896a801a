"""What is kept of clients' reports and of use, for how long, and how it is counted."""

from typing import Annotated

from limi.kernel.setting_fields import SettingsGroup, setting

__all__ = ["AnalyticsSettings"]


class AnalyticsSettings(SettingsGroup, frozen=True):
    """Events that clients report, and rollups of use. Rollups hold no session, address or user."""

    enabled: Annotated[
        bool,
        setting(
            "Whether events are kept and use is counted. Without it clients' events are answered and thrown away; "
            "use is counted from the journal later, when it is on again."
        ),
    ] = True
    event_days: Annotated[
        float,
        setting(
            "Days that a client's event is kept with its session id and message: long enough to look at last "
            "week's trouble. What it counted for stays.",
            gt=0,
            le=3650,
        ),
    ] = 7.0
    minute_days: Annotated[
        float,
        setting("Days that use is known by the minute: for an incident of yesterday.", gt=0, le=3650),
    ] = 2.0
    hour_days: Annotated[
        float, setting("Days that use is known by the hour: a quarter of a year.", gt=0, le=3650)
    ] = 90.0
    day_days: Annotated[
        float,
        setting("Days that use is known by the day: three years, to compare years.", gt=0, le=36_500),
    ] = 1095.0
    projection_seconds: Annotated[
        float,
        setting("Pause between two counts, so how far usage is behind; each is a small read.", ge=0.05, le=3600),
    ] = 2.0
    max_points: Annotated[
        int,
        setting("Most points in one answer about usage, about 1 MB of JSON; past it a question is refused.", ge=1),
    ] = 5000
    queue_size: Annotated[
        int, setting("Most events waiting to be written, about 5 MB; past it clients get 503.", ge=100)
    ] = 10_000
    batch_size: Annotated[int, setting("Most events written in one transaction.", ge=100, le=1000)] = 500
    linger_ms: Annotated[
        float,
        setting("How long a transaction waits for company. Nobody waits for the answer.", ge=0, le=1000),
    ] = 5.0
