"""Answers about use: what may be asked, and what an answer says beyond what was counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from limi.features.analytics.errors import InvalidUsageQueryError
from limi.features.analytics.model import Counts, Dimension, Grain, UsageQuery, UsageRow
from limi.features.analytics.ports import RollupStore
from limi.features.analytics.projector import oldest_kept
from limi.kernel.analytics_settings import AnalyticsSettings
from limi.kernel.clock import Clock

__all__ = ["Bucket", "Occurrences", "Usage", "UsageService", "UsageWish", "success_rate"]

_FINE_STRETCHES: Final = 2000
"""Stretches that are added up to one total: a day and a half by the minute, a quarter by the hour."""
_DAY_SECONDS: Final = 86_400.0
_HOUR_SECONDS: Final = 3600.0


class Bucket(StrEnum):
    """What one point of an answer stands for."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    TOTAL = "total"
    """Everything that was asked for together."""


_USUAL_SECONDS: Final = {
    Bucket.MINUTE: _HOUR_SECONDS,
    Bucket.HOUR: _DAY_SECONDS,
    Bucket.DAY: 30 * _DAY_SECONDS,
    Bucket.TOTAL: _DAY_SECONDS,
}
"""How far back an answer goes where nobody says so."""


class UsageWish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to know; times are Unix seconds."""

    bucket: Bucket = Bucket.HOUR
    since: float | None = None
    until: float | None = None
    group: tuple[Dimension, ...] = ()
    where: Mapping[Dimension, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The answer."""

    wish: UsageWish
    query: UsageQuery
    kept_since: int
    """Unix seconds: what was before is not known by stretches so short any more."""
    rows: list[UsageRow]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """How often an error occurred lately."""

    hour: int
    day: int
    week: int


class UsageService:
    """Answers within bounds."""

    def __init__(self, *, store: RollupStore, settings: AnalyticsSettings, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    async def ask(self, wish: UsageWish) -> Usage:
        """Return what was counted, in order of time and group; of a total the group with most comes first.

        Raises:
            InvalidUsageQueryError: the wish breaks a rule, or the answer would be too large.
            AnalyticsUnavailableError: the store does not answer.
        """
        now = self._clock.now()
        until = now if wish.until is None else min(now, wish.until)
        since = max(0.0, until - _USUAL_SECONDS[wish.bucket] if wish.since is None else wish.since)
        if since >= until:
            raise InvalidUsageQueryError(field="since", rule="must be before `until`, which is now at the latest")
        if len(set(wish.group)) != len(wish.group):
            raise InvalidUsageQueryError(field="group", rule="names a dimension twice")
        grain = self._grain(wish.bucket, since, until, now)
        query = UsageQuery(
            grain=grain,
            since=grain.start(since),
            until=grain.end(until),
            series=wish.bucket is not Bucket.TOTAL,
            group=wish.group,
            where=wish.where,
        )
        most = self._settings.max_points
        if query.series and (query.until - query.since) // grain.seconds > most:
            raise self._too_large(most)
        rows = await self._store.usage(query, most=most)
        if len(rows) > most:
            raise self._too_large(most)
        if not query.series:
            rows.sort(key=lambda row: (-sum(row.counts), row.group))
        return Usage(wish=wish, query=query, kept_since=oldest_kept(self._settings, now)[grain], rows=rows)

    async def occurrences(self, code: str, *, tenant: str | None) -> Occurrences:
        """Return how often an error occurred, to a tenant or to all; on the server and at clients.

        Raises:
            AnalyticsUnavailableError: the store does not answer.
        """
        where = {Dimension.CODE: code} | ({} if tenant is None else {Dimension.TENANT: tenant})
        now = self._clock.now()
        counted = [
            (await self.ask(UsageWish(bucket=Bucket.TOTAL, since=now - seconds, until=now, where=where))).rows
            for seconds in (_HOUR_SECONDS, _DAY_SECONDS, 7 * _DAY_SECONDS)
        ]
        return Occurrences(*(sum(_errors(row.counts) for row in rows) for rows in counted))

    def _grain(self, bucket: Bucket, since: float, until: float, now: float) -> Grain:
        """Return the stretches of a series; of a total the shortest that are kept so long and are not too many."""
        if bucket is not Bucket.TOTAL:
            return Grain(bucket.value)
        for grain, kept_since in oldest_kept(self._settings, now).items():
            if since >= kept_since and (until - since) / grain.seconds <= _FINE_STRETCHES:
                return grain
        return Grain.DAY

    def _too_large(self, most: int) -> InvalidUsageQueryError:
        rule = (
            f"this answer would have more than {most} points; ask for a longer bucket, a shorter time, "
            "fewer dimensions or one value of a dimension"
        )
        return InvalidUsageQueryError(field="bucket", rule=rule)


def success_rate(counts: Counts) -> float | None:
    """Return which part of the attempts to connect succeeded, None where there was none."""
    attempts = counts.connected + counts.not_connected
    return counts.connected / attempts if attempts else None


def _errors(counts: Counts) -> int:
    return counts.failed + counts.refused + counts.errors
