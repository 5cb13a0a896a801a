"""What every place for clients' events and rollups must do, whatever it is made of."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.adapters.sql.analytics_database import AnalyticsDatabase
from limi.adapters.sql.client_event_store import SQLClientEventStore
from limi.adapters.sql.rollup_store import SQLRollupStore
from limi.features.analytics.model import (
    ClientEvent,
    Counts,
    Dimension,
    EventKey,
    Grain,
    Source,
    UsageQuery,
    UsageRow,
)
from limi.features.analytics.ports import ClientEventStore, RollupStore
from limi.features.analytics.sketch import DurationSketch
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.ports import JournalStore
from limi.kernel.facts import AuthRefused, Fact, KeyMinted, KeyReplayed, MintFailed, MintRequested, MintUnresolved
from limi.kernel.frontends import Frontend
from tests.unit.features.analytics.harness import (
    ALL,
    NOON,
    Facts,
    connected,
    count_all,
    counted,
    failed,
    memory_store,
    recounted,
)

DAY = 86_400.0
EVERYTHING = tuple(Dimension)


@dataclass
class Kept:
    """Everything of one database, or of one memory."""

    journal: JournalStore
    events: ClientEventStore
    rollups: RollupStore
    others: RollupStore
    """The same rollups as another process reaches them."""
    engine: Engine | None

    def write(self, *facts: Fact) -> None:
        self.journal.append(facts, writer="w")


def memory(_: pytest.FixtureRequest) -> Kept:
    journal = InMemoryJournalStore()
    store = memory_store(journal)
    return Kept(journal, store, store, store, None)


def sqlite(request: pytest.FixtureRequest) -> Kept:
    folder: Path = request.getfixturevalue("tmp_path")
    return _opened(f"sqlite:///{folder}/data/limi.db")


def postgresql(request: pytest.FixtureRequest) -> Kept:
    return _opened(request.getfixturevalue("postgres_url"))


def _opened(url: str) -> Kept:
    upgrade(url)
    engine = open_engine(url, busy_seconds=5.0)
    one, two, three = (AnalyticsDatabase(engine=engine, name=f"test-{number}") for number in range(3))
    return Kept(
        SQLJournalStore(engine=open_engine(url)),
        SQLClientEventStore(database=one),
        SQLRollupStore(database=two),
        SQLRollupStore(database=three),
        engine,
    )


@pytest.fixture(params=[memory, sqlite, postgresql])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    make: Callable[[pytest.FixtureRequest], Kept] = request.param
    made = make(request)
    yield made
    made.journal.close()
    if made.engine is not None:
        made.engine.dispose()


def keys(*events: ClientEvent) -> frozenset[EventKey]:
    return frozenset(event.key for event in events)


def total(rows: Sequence[UsageRow]) -> Counts:
    counts = Counts()
    for row in rows:
        counts = counts.plus(row.counts)
    return counts


class TestEvents:
    async def test_one_is_kept_once(self, kept: Kept) -> None:
        """A batch that is sent again adds what is new in it, and nothing else."""
        first, second = connected(1), failed(2)
        assert await kept.events.add([first]) == keys(first)
        assert await kept.events.add([first, second, second]) == keys(second)
        assert await kept.events.add([]) == frozenset()
        assert await count_all(kept.rollups) == 2
        assert total(await counted(kept.rollups)) == Counts(connected=1, not_connected=1, errors=1)

    async def test_tenants_may_make_up_the_same_id(self, kept: Kept) -> None:
        both = [connected(1, tenant="acme"), connected(1, tenant="beta"), connected(1)]
        assert await kept.events.add(both) == keys(*both)

    async def test_many_go_in_at_once(self, kept: Kept) -> None:
        many = [connected(number) for number in range(1000)]
        assert len(await kept.events.add(many)) == 1000
        assert await kept.events.add(many) == frozenset()

    async def test_old_ones_go_when_they_are_counted(self, kept: Kept) -> None:
        await kept.events.add([connected(1, at=NOON), connected(2, at=NOON + 1), connected(3, at=NOON + 9)])
        assert await kept.events.remove_events(before=NOON + 5, limit=10) == 0
        await count_all(kept.rollups)
        assert await kept.events.remove_events(before=NOON + 5, limit=10) == 2
        assert await kept.events.remove_events(before=NOON + 5, limit=10) == 0
        # What was removed may be sent again; it counts again, and so much later that nobody does.
        assert len(await kept.events.add([connected(1), connected(3)])) == 1
        assert total(await counted(kept.rollups)).connected == 3


class TestCounting:
    async def test_the_journal_is_counted_by_what_happened(self, kept: Kept) -> None:
        facts = Facts()
        kept.write(
            facts.make(MintRequested),
            facts.make(KeyMinted),
            facts.make(KeyReplayed),
            facts.make(MintFailed, code="openai_timeout"),
            facts.make(MintFailed, code="made_up"),
            facts.make(
                AuthRefused, code="auth_required", detail="12 more in the minute", frontend=None, tenant=None
            ),
        )
        assert await count_all(kept.rollups) == 6
        rows = await counted(kept.rollups, Dimension.CODE, Dimension.FRONTEND)
        assert {row.group: row.counts for row in rows} == {
            ("", "vue"): Counts(minted=1, replayed=1),
            ("auth_required", "unknown"): Counts(refused=12),
            ("openai_timeout", "vue"): Counts(failed=1),
            ("unknown", "vue"): Counts(failed=1),
        }

    @pytest.mark.parametrize("limit", [1, 500])
    @pytest.mark.parametrize("end", [KeyMinted, MintFailed])
    async def test_a_mint_that_was_given_up_and_ended_after_all_counts_once(
        self, kept: Kept, end: type[Fact], limit: int
    ) -> None:
        """Its server was taken for dead and lived: what was counted as unresolved is taken back, at its time."""
        facts, code = Facts(), "openai_timeout" if end is MintFailed else None
        kept.write(
            facts.make(MintUnresolved, resolves="a", model="m1", at=NOON),
            facts.make(MintUnresolved, resolves="b", model="m2", tenant=None, at=NOON),
        )
        await count_all(kept.rollups, limit=limit)
        assert total(await counted(kept.rollups)) == Counts(unresolved=2)
        kept.write(facts.make(end, resolves="a", model="m1", code=code, at=NOON + 2 * DAY))
        assert await count_all(kept.rollups, limit=limit) == 1
        once = Counts(minted=1) if end is KeyMinted else Counts(failed=1)
        for grain in Grain:
            rows = await counted(kept.rollups, Dimension.MODEL, grain=grain)
            assert [(row.start, row.group, row.counts) for row in rows] == [
                (grain.start(NOON), ("m2",), Counts(unresolved=1)),
                (grain.start(NOON + 2 * DAY), ("m1",), once),
            ]

    async def test_a_correction_of_a_change_takes_nothing_back(self, kept: Kept) -> None:
        """Only a mint's end does; a second end of some other kind says nothing of whether there was a key."""
        facts = Facts()
        kept.write(facts.make(MintUnresolved, resolves="a"), facts.make(AuthRefused, resolves="a"))
        await count_all(kept.rollups)
        assert total(await counted(kept.rollups)) == Counts(unresolved=1, refused=1)

    async def test_each_stretch_of_time_has_its_own(self, kept: Kept) -> None:
        facts = Facts()
        moments = [NOON, NOON + 59.999999, NOON + 60, NOON + 3600, NOON + DAY, NOON - 0.000001]
        kept.write(*(facts.make(at=at) for at in moments))
        await count_all(kept.rollups)
        for grain in Grain:
            rows = await counted(kept.rollups, grain=grain)
            starts = sorted({int(at // grain.seconds) * grain.seconds for at in moments})
            assert [row.start for row in rows] == starts
            assert total(rows).minted == len(moments)

    async def test_what_comes_late_is_added_to_its_own_time(self, kept: Kept) -> None:
        facts = Facts()
        kept.write(facts.make(at=NOON + DAY))
        await count_all(kept.rollups)
        kept.write(facts.make(at=NOON))
        await count_all(kept.rollups)
        assert [(row.start, row.counts.minted) for row in await counted(kept.rollups, grain=Grain.HOUR)] == [
            (NOON, 1),
            (NOON + DAY, 1),
        ]

    async def test_stretches_that_are_not_kept_are_not_counted(self, kept: Kept) -> None:
        kept.write(Facts().make(at=NOON))
        oldest = {Grain.MINUTE: int(NOON) + 60, Grain.HOUR: int(NOON), Grain.DAY: 0}
        options = {"worker": "w", "now": NOON, "lease_seconds": 1.0, "limit": 9, "oldest": oldest}
        assert await kept.rollups.project(Source.JOURNAL, **options) == 1  # type: ignore[arg-type] # a test's options
        assert [len(await counted(kept.rollups, grain=grain)) for grain in Grain] == [0, 1, 1]

    async def test_durations_become_percentiles_of_any_group(self, kept: Kept) -> None:
        events = [
            connected(number, ms=number * 10, tenant="acme" if number % 2 else "beta", at=NOON + number * 60)
            for number in range(1, 101)
        ]
        for start in range(0, 100, 7):
            await kept.events.add(events[start : start + 7])
            await count_all(kept.rollups)
        (row,) = await counted(kept.rollups, series=False, grain=Grain.MINUTE)
        assert row.durations == DurationSketch(range(10, 1001, 10))
        by_tenant = await counted(kept.rollups, Dimension.TENANT)
        assert [len(row.durations or ()) for row in by_tenant] == [50, 50]

    @pytest.mark.parametrize("seed", range(3))
    async def test_rollups_are_what_a_plain_recount_finds(self, kept: Kept, seed: int) -> None:
        """Whatever the order, with repeats, and however the work is cut and shared."""
        chance = random.Random(seed)  # noqa: S311 - a test's
        facts, events = _anything(chance)
        repeated = [*events, *chance.choices(events, k=20)]
        chance.shuffle(repeated)
        while facts[1] or repeated:
            some, facts = facts[1][: chance.randint(0, 30)], (facts[0], facts[1][30:])
            kept.write(*some)
            facts[0].extend(some)
            await kept.events.add(repeated[:25])
            repeated = repeated[25:]
            store = chance.choice([kept.rollups, kept.others])
            await store.project(
                chance.choice(list(Source)),
                worker=chance.choice("ab"),
                now=NOON,
                lease_seconds=0,
                limit=chance.randint(1, 40),
                oldest=ALL,
            )
        await count_all(kept.rollups, limit=17)
        for grain in Grain:
            await _is_recounted(kept, facts[0], events, grain)


def _anything(chance: random.Random) -> tuple[tuple[list[Fact], list[Fact]], list[ClientEvent]]:
    """Return no facts and many, and events of clients, all at random times of two days."""
    make, kinds = Facts(), (KeyMinted, KeyReplayed, MintFailed, AuthRefused, MintRequested)
    tenants, frontends = [None, "acme", "beta"], [None, *Frontend]

    def moment() -> float:
        return NOON + chance.randint(0, 2 * 86_400) + chance.random()

    facts = [
        make.make(
            chance.choice(kinds),
            at=moment(),
            tenant=chance.choice(tenants),
            frontend=chance.choice(frontends),
            model=chance.choice(["m1", "m2"]),
            code=chance.choice([None, "openai_timeout"]),
        )
        for _ in range(150)
    ]
    # Servers that were taken for dead, some of which lived; ends that were told late come after in the journal.
    for number in range(20):
        given_up = chance.randint(0, len(facts))
        facts.insert(given_up, make.make(MintUnresolved, at=moment(), resolves=f"{number}"))
        if chance.random() < 0.7:
            end = make.make(chance.choice([KeyMinted, MintFailed]), at=moment(), resolves=f"{number}")
            facts.insert(chance.randint(given_up + 1, len(facts)), end)
    events = [
        connected(number, tenant=chance.choice(tenants) or "", at=moment(), ms=chance.randint(0, 9000))
        if chance.random() < 0.6
        else failed(number, tenant=chance.choice(tenants) or "", at=moment(), code="network_error")
        for number in range(100)
    ]
    return ([], facts), events


async def _is_recounted(kept: Kept, facts: Sequence[Fact], events: Sequence[ClientEvent], grain: Grain) -> None:
    expected = recounted(facts, events, grain)
    rows = await counted(kept.rollups, *EVERYTHING, grain=grain)
    assert {(row.start, *row.group): row.counts for row in rows} == {
        place: counts for place, (counts, _) in expected.items()
    }
    for row in rows:
        durations = expected[row.start, row.group[0], row.group[1], row.group[2], row.group[3]][1]
        assert row.durations == (DurationSketch(durations) if durations else None)


class TestSeveralWorkers:
    async def test_one_has_a_source_to_itself_for_a_while(self, kept: Kept) -> None:
        facts = Facts()
        kept.write(facts.make())
        assert await count_all(kept.rollups, worker="one") == 1
        kept.write(facts.make())
        assert await count_all(kept.others, worker="two", now=NOON + 9) == 0
        assert await count_all(kept.others, worker="two", now=NOON + 11) == 1
        assert total(await counted(kept.rollups)).minted == 2

    async def test_one_that_ends_leaves_the_sources_to_others_at_once(self, kept: Kept) -> None:
        facts = Facts()
        kept.write(facts.make())
        await count_all(kept.rollups, worker="one")
        kept.write(facts.make())
        await kept.others.release("two")
        assert await count_all(kept.others, worker="two") == 0
        await kept.rollups.release("one")
        assert await count_all(kept.others, worker="two") == 1

    async def test_two_at_once_count_nothing_twice(self, kept: Kept) -> None:
        """Even where neither waits for the other's lease to end."""
        facts = Facts()
        kept.write(*(facts.make(tenant=f"t{number % 7}") for number in range(400)))
        await kept.events.add([connected(number, ms=number + 1) for number in range(400)])

        async def work(store: RollupStore, worker: str) -> None:
            left = {Source.JOURNAL, Source.CLIENTS}
            while left:
                for source in sorted(left):
                    counted_rows = await store.project(
                        source, worker=worker, now=NOON, lease_seconds=0, limit=10, oldest=ALL
                    )
                    if counted_rows == 0:
                        left.discard(source)

        await asyncio.gather(work(kept.rollups, "one"), work(kept.others, "two"))
        (row,) = await counted(kept.rollups, series=False)
        assert row.counts == Counts(minted=400, connected=400)
        assert row.durations == DurationSketch(range(1, 401))

    async def test_how_far_behind_is_known(self, kept: Kept) -> None:
        facts = Facts()
        kept.write(facts.make(), facts.make())
        await kept.events.add([connected()])
        assert await kept.rollups.behind() == {Source.JOURNAL: 2, Source.CLIENTS: 1}
        await count_all(kept.rollups)
        assert await kept.rollups.behind() == {Source.JOURNAL: 0, Source.CLIENTS: 0}


class TestRebuilding:
    async def test_everything_is_counted_anew_to_the_same(self, kept: Kept) -> None:
        facts = Facts()
        kept.write(*(facts.make(at=NOON + number * 40) for number in range(60)))
        await kept.events.add([connected(number, ms=number, at=NOON + number) for number in range(60)])
        await count_all(kept.rollups)
        before = [await counted(kept.rollups, *EVERYTHING, grain=grain) for grain in Grain]
        await kept.rollups.rebuild()
        assert await counted(kept.rollups) == []
        await kept.events.add([connected(100, at=NOON)])
        await count_all(kept.others, limit=7)
        assert total(await counted(kept.rollups)) == Counts(minted=60, connected=61)
        await kept.rollups.rebuild()
        await count_all(kept.rollups)
        assert [len(await counted(kept.rollups, *EVERYTHING, grain=grain)) for grain in Grain] == [
            len(rows) for rows in before
        ]
        assert total(await counted(kept.rollups)) == Counts(minted=60, connected=61)

    async def test_what_was_taken_back_is_taken_back_once_more(self, kept: Kept) -> None:
        """Whether the late end had been counted before the rebuild or comes after it."""
        facts = Facts()
        kept.write(*(facts.make(MintUnresolved, resolves=name) for name in "abc"), facts.make(resolves="a"))
        await count_all(kept.rollups)
        await kept.rollups.rebuild()
        await kept.rollups.project(Source.JOURNAL, worker="w", now=NOON, lease_seconds=0, limit=2, oldest=ALL)
        kept.write(facts.make(MintFailed, resolves="b", code="openai_timeout"))
        await count_all(kept.rollups)
        for grain in Grain:
            assert total(await counted(kept.rollups, grain=grain)) == Counts(minted=1, failed=1, unresolved=1)

    async def test_what_cannot_be_counted_anew_stays(self, kept: Kept) -> None:
        """The events of the first day are gone, so the numbers of all stretches that hold any of it remain."""
        await kept.events.add([connected(1, at=NOON, ms=5), connected(2, at=NOON + DAY, ms=7)])
        await count_all(kept.rollups)
        assert await kept.events.remove_events(before=NOON + 5400, limit=10) == 1
        before = [await counted(kept.rollups, grain=grain) for grain in Grain]
        await kept.rollups.rebuild()
        assert [row.start for row in await counted(kept.rollups, grain=Grain.HOUR)] == [NOON]
        await count_all(kept.rollups)
        assert [await counted(kept.rollups, grain=grain) for grain in Grain] == before

    async def test_a_second_one_in_the_middle_of_the_first_changes_nothing(self, kept: Kept) -> None:
        await kept.events.add([connected(number, at=NOON + number) for number in range(20)])
        await count_all(kept.rollups)
        await kept.rollups.rebuild()
        await kept.rollups.project(Source.CLIENTS, worker="w", now=NOON, lease_seconds=0, limit=8, oldest=ALL)
        await kept.rollups.rebuild()
        await count_all(kept.rollups)
        assert total(await counted(kept.rollups)).connected == 20


class TestRemoving:
    async def test_rollups_go_when_they_are_too_old(self, kept: Kept) -> None:
        facts = Facts()
        kept.write(*(facts.make(at=NOON + number * 60, tenant=f"t{number % 3}") for number in range(10)))
        await count_all(kept.rollups)
        oldest = {Grain.MINUTE: int(NOON) + 300, Grain.HOUR: int(NOON), Grain.DAY: 0}
        while await kept.rollups.remove_rollups(oldest=oldest, limit=2):
            pass
        assert [total(await counted(kept.rollups, grain=grain)).minted for grain in Grain] == [5, 10, 10]


class TestAsking:
    async def test_a_dimension_can_be_required(self, kept: Kept) -> None:
        """A tenant's question is answered with that tenant's rows, whatever else is asked."""
        facts = Facts()
        kept.write(facts.make(tenant="acme"), facts.make(tenant="beta"), facts.make(tenant=None, model="m2"))
        await kept.events.add([connected(1, tenant="beta", ms=3), failed(2, tenant="acme")])
        await count_all(kept.rollups)

        async def ask(**where: str) -> list[UsageRow]:
            wanted = {Dimension(name): value for name, value in where.items()}
            return await counted(kept.rollups, Dimension.TENANT, where=wanted)

        assert [(row.group, row.counts) for row in await ask(tenant="acme")] == [
            (("acme",), Counts(minted=1, not_connected=1, errors=1))
        ]
        assert [row.group for row in await ask(model="m2")] == [("",)]
        assert [row.group for row in await ask(code="network_error")] == [("acme",)]
        assert await ask(frontend="angular") == []
        (beta,) = await ask(tenant="beta", frontend="react")
        assert len(beta.durations or ()) == 1

    async def test_bounds_are_the_beginning_and_what_comes_after_the_end(self, kept: Kept) -> None:
        facts = Facts()
        kept.write(*(facts.make(at=NOON + number * 60) for number in range(5)))
        await count_all(kept.rollups)
        rows = await counted(kept.rollups, grain=Grain.MINUTE, since=NOON + 60, until=NOON + 180)
        assert [row.start for row in rows] == [NOON + 60, NOON + 120]

    async def test_groups_come_in_order(self, kept: Kept) -> None:
        facts = Facts()
        for name in ("b", "", "a-b", "ab", "a"):
            kept.write(facts.make(tenant=name or None), facts.make(tenant=name or None, at=NOON + DAY))
        await count_all(kept.rollups)
        rows = await counted(kept.rollups, Dimension.TENANT)
        assert [row.group[0] for row in rows] == ["", "a", "a-b", "ab", "b"] * 2

    async def test_one_row_too_many_is_told(self, kept: Kept) -> None:
        facts = Facts()
        kept.write(*(facts.make(tenant=f"t{number}") for number in range(9)))
        await count_all(kept.rollups)
        query = UsageQuery(grain=Grain.DAY, since=0, until=4_000_060_800, series=True, group=(Dimension.TENANT,))
        assert len(await kept.rollups.usage(query, most=5)) == 6
        assert len(await kept.rollups.usage(query, most=9)) == 9

    async def test_nothing_is_no_row(self, kept: Kept) -> None:
        assert await counted(kept.rollups) == []
        assert await counted(kept.rollups, series=False) == []
