import asyncio
from collections.abc import Mapping
from typing import Any

from structlog.testing import capture_logs

from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.memory import InMemoryAnalyticsStore
from limi.features.analytics.model import Counts, Grain
from limi.features.analytics.projector import Projector, oldest_kept
from limi.kernel.analytics_settings import AnalyticsSettings
from limi.testing import ManualClock
from tests.unit.features.analytics.harness import NOON, connected, counted, memory_store

DAY = 86_400


class Pauses:
    """Takes note of pauses, and lets the first so many pass."""

    def __init__(self, until: int) -> None:
        self.taken: list[float] = []
        self._until = until
        self.reached = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        if len(self.taken) >= self._until:
            self.reached.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)


def projector(store: InMemoryAnalyticsStore, clock: ManualClock, **options: Any) -> Projector:
    given = {"settings": AnalyticsSettings(), "worker": "w", **options}
    return Projector(rollups=store, events=store, clock=clock, **given)


async def test_it_counts_until_nothing_is_left() -> None:
    store, clock = memory_store(), ManualClock(NOON)
    await store.add([connected(number) for number in range(1100)])
    pauses = Pauses(99)
    assert await projector(store, clock, sleep=pauses).catch_up() == 1100
    assert [row.counts for row in await counted(store)] == [Counts(connected=1100)]
    assert len(pauses.taken) == 2


async def test_the_longer_a_part_takes_the_longer_others_have_the_processor() -> None:
    clock = ManualClock(NOON)

    class Slow(InMemoryAnalyticsStore):
        async def project(self, *arguments: Any, **options: Any) -> int | None:
            clock.advance(0.5)
            return await super().project(*arguments, **options)

    store, pauses = Slow(), Pauses(99)
    await store.add([connected(number) for number in range(1100)])
    await projector(store, clock, sleep=pauses).catch_up()
    await store.add([connected(number) for number in range(2000, 2600)])
    await projector(store, clock, sleep=pauses, rest=0).catch_up()
    assert pauses.taken == [2.0, 2.0, 0.02]


async def test_it_counts_again_and_again() -> None:
    store, clock = memory_store(), ManualClock(NOON)
    pauses = Pauses(3)
    running = projector(store, clock, sleep=pauses)
    await running.start()
    await pauses.reached.wait()
    await running.stop()
    await running.stop()
    assert pauses.taken == [2.0, 2.0, 2.0]


async def test_what_is_too_old_goes() -> None:
    store, clock = memory_store(), ManualClock(NOON)
    await store.add([connected(1, at=NOON), connected(2, at=NOON + 3 * DAY)])
    running = projector(store, clock)
    await running.catch_up()
    clock.advance(4 * DAY)
    await running.remove_old()
    assert [len(await counted(store, grain=grain)) for grain in Grain] == [1, 2, 2]
    clock.advance(4 * DAY)
    await running.remove_old()
    assert len(await store.add([connected(1), connected(2)])) == 1
    clock.advance(2000 * DAY)
    await running.remove_old()
    assert [await counted(store, grain=grain) for grain in Grain] == [[], [], []]


async def test_a_failure_is_said_once_and_tried_again() -> None:
    class Away(InMemoryAnalyticsStore):
        error: Exception | None = AnalyticsUnavailableError("away")

        async def project(self, *arguments: Any, **options: Any) -> int | None:
            if self.error:
                raise self.error
            return await super().project(*arguments, **options)

    store, clock, pauses = Away(), ManualClock(NOON), Pauses(3)
    running = projector(store, clock, sleep=pauses)
    with capture_logs() as logs:
        await running.start()
        await pauses.reached.wait()
    assert running.failing
    assert [(line["event"], line["error"]) for line in logs] == [("analytics.projection_failed", "away")]
    await running.stop()
    store.error, again = None, projector(store, clock, sleep=Pauses(1))
    await again.start()
    await asyncio.sleep(0.01)
    assert not again.failing
    await again.stop()


async def test_a_defect_does_not_end_it() -> None:
    class Broken(InMemoryAnalyticsStore):
        async def project(self, *_: Any, **__: Any) -> int | None:
            raise RuntimeError

    pauses = Pauses(3)
    running = projector(Broken(), ManualClock(NOON), sleep=pauses)
    with capture_logs() as logs:
        await running.start()
        await pauses.reached.wait()
    await running.stop()
    assert [line["error"] for line in logs] == ["RuntimeError"]


async def test_without_analytics_nothing_runs() -> None:
    pauses = Pauses(1)
    running = projector(memory_store(), ManualClock(NOON), settings=AnalyticsSettings(enabled=False), sleep=pauses)
    await running.start()
    await asyncio.sleep(0)
    await running.stop()
    assert not pauses.taken


def test_how_long_things_are_kept_follows_the_settings() -> None:
    kept: Mapping[Grain, int] = oldest_kept(AnalyticsSettings(), NOON + 59)
    assert kept == {
        Grain.MINUTE: NOON - 2 * DAY,
        Grain.HOUR: NOON - 90 * DAY,
        Grain.DAY: Grain.DAY.start(NOON) - 1095 * DAY,
    }
    assert oldest_kept(AnalyticsSettings(), 5.0) == dict.fromkeys(Grain, 0)
