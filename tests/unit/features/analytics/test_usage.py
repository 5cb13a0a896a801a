import pytest

from limi.features.analytics.errors import InvalidUsageQueryError
from limi.features.analytics.memory import InMemoryAnalyticsStore
from limi.features.analytics.model import Counts, Dimension, Grain
from limi.features.analytics.usage import Bucket, Occurrences, UsageService, UsageWish, success_rate
from limi.kernel.analytics_settings import AnalyticsSettings
from limi.testing import ManualClock
from tests.unit.features.analytics.harness import NOON, connected, count_all, failed, memory_store

HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def store() -> InMemoryAnalyticsStore:
    return memory_store()


def service(store: InMemoryAnalyticsStore, max_points: int = 5000) -> UsageService:
    return UsageService(
        store=store, settings=AnalyticsSettings(max_points=max_points), clock=ManualClock(NOON + 90)
    )


@pytest.mark.parametrize(
    ("bucket", "grain", "since"),
    [
        (Bucket.MINUTE, Grain.MINUTE, NOON + 60 - HOUR),
        (Bucket.HOUR, Grain.HOUR, NOON - DAY),
        (Bucket.DAY, Grain.DAY, NOON - 8 * HOUR - 30 * DAY),
        (Bucket.TOTAL, Grain.MINUTE, NOON + 60 - DAY),
    ],
)
async def test_without_bounds_the_usual_time_is_answered_for(
    store: InMemoryAnalyticsStore, bucket: Bucket, grain: Grain, since: float
) -> None:
    query = (await service(store).ask(UsageWish(bucket=bucket))).query
    assert (query.grain, query.since, query.until) == (grain, since, grain.end(NOON + 90))
    assert query.series == (bucket is not Bucket.TOTAL)


@pytest.mark.parametrize(
    ("back", "length", "grain"),
    [
        (HOUR, HOUR, Grain.MINUTE),
        (30 * HOUR, 30 * HOUR, Grain.MINUTE),
        (47 * HOUR, 47 * HOUR, Grain.HOUR),
        (3 * DAY, HOUR, Grain.HOUR),
        (80 * DAY, 80 * DAY, Grain.HOUR),
        (100 * DAY, DAY, Grain.DAY),
        (900 * DAY, 900 * DAY, Grain.DAY),
    ],
)
async def test_a_total_is_told_from_the_shortest_stretches_that_are_kept(
    store: InMemoryAnalyticsStore, back: int, length: int, grain: Grain
) -> None:
    since = NOON + 90 - back
    wish = UsageWish(bucket=Bucket.TOTAL, since=since, until=since + length)
    assert (await service(store).ask(wish)).query.grain is grain


async def test_an_end_in_the_future_is_now(store: InMemoryAnalyticsStore) -> None:
    """Even one that calendars do not have."""
    query = (await service(store).ask(UsageWish(until=253_402_300_800.0, since=NOON - DAY))).query
    assert query.until == NOON + HOUR


async def test_what_is_not_kept_any_more_is_said(store: InMemoryAnalyticsStore) -> None:
    assert (await service(store).ask(UsageWish(bucket=Bucket.MINUTE))).kept_since == NOON + 60 - 2 * DAY


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (UsageWish(since=NOON, until=NOON), "since"),
        (UsageWish(since=NOON + DAY), "since"),
        (UsageWish(group=(Dimension.CODE, Dimension.CODE)), "group"),
        (UsageWish(bucket=Bucket.MINUTE, since=0.0), "bucket"),
        (UsageWish(since=NOON + DAY, until=NOON + 2 * DAY), "since"),
        (UsageWish(bucket=Bucket.HOUR, since=0.0, until=NOON), "bucket"),
    ],
)
async def test_a_wish_that_breaks_a_rule_is_refused_by_its_name(
    store: InMemoryAnalyticsStore, wish: UsageWish, field: str
) -> None:
    with pytest.raises(InvalidUsageQueryError) as caught:
        await service(store).ask(wish)
    assert caught.value.field == field


async def test_an_answer_has_so_many_points_at_most(store: InMemoryAnalyticsStore) -> None:
    await store.add([connected(number, tenant=f"t{number}") for number in range(30)])
    await count_all(store)
    wish = UsageWish(bucket=Bucket.TOTAL, group=(Dimension.TENANT,))
    assert len((await service(store, max_points=30).ask(wish)).rows) == 30
    with pytest.raises(InvalidUsageQueryError, match="more than 29 points"):
        await service(store, max_points=29).ask(wish)


async def test_of_a_total_the_most_comes_first(store: InMemoryAnalyticsStore) -> None:
    codes = ["network_error"] * 3 + ["session_ended"] * 5 + ["token_expired"] * 3
    await store.add([failed(number, code=code) for number, code in enumerate(codes)])
    await count_all(store)
    rows = (await service(store).ask(UsageWish(bucket=Bucket.TOTAL, group=(Dimension.CODE,)))).rows
    assert [row.group for row in rows] == [("network_error",), ("token_expired",), ("session_ended",)]


async def test_how_often_an_error_occurred_is_told_by_hour_day_and_week(store: InMemoryAnalyticsStore) -> None:
    now = NOON + 90
    for number, ago in enumerate([60, 2 * HOUR, 3 * HOUR, 2 * DAY, 6 * DAY, 20 * DAY]):
        await store.add([failed(number, at=now - ago, tenant="acme" if number % 2 else "beta")])
    await count_all(store)
    usage = service(store)
    assert await usage.occurrences("network_error", tenant=None) == Occurrences(1, 3, 5)
    assert await usage.occurrences("network_error", tenant="acme") == Occurrences(0, 1, 2)
    assert await usage.occurrences("session_ended", tenant=None) == Occurrences(0, 0, 0)


def test_a_rate_needs_an_attempt() -> None:
    assert success_rate(Counts(minted=5, errors=1)) is None
    assert success_rate(Counts(connected=3, not_connected=1)) == 0.75
