"""What every store of checkpoints must do, whatever it is made of, beside the journal it belongs to."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.features.journal import InMemoryJournalStore, JournalStore, Selection
from limi.features.journal.chain import Chain
from limi.features.journal.model import CHAIN_START, Link, WriterEnd
from tests.unit.features.journal.harness import NOON, Facts, FakeClock
from tests.unit.features.journal.signing import make_signer

ALWAYS = 2**63 - 1


def memory(_: pytest.FixtureRequest) -> JournalStore:
    return InMemoryJournalStore()


def sqlite(request: pytest.FixtureRequest) -> JournalStore:
    folder: Path = request.getfixturevalue("tmp_path")
    return _opened(f"sqlite:///{folder}/limi.db")


def postgresql(request: pytest.FixtureRequest) -> JournalStore:
    return _opened(request.getfixturevalue("postgres_url"))


def _opened(url: str) -> JournalStore:
    upgrade(url)
    return SQLJournalStore(engine=open_engine(url))


@pytest.fixture(params=[memory, sqlite, postgresql])
def store(request: pytest.FixtureRequest) -> Iterator[JournalStore]:
    make: Callable[[pytest.FixtureRequest], JournalStore] = request.param
    made = make(request)
    yield made
    made.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def facts(clock: FakeClock) -> Facts:
    return Facts(clock)


def append(store: JournalStore, facts: Facts, writer: str, count: int, chain: Chain | None = None) -> Link:
    """Append rows of `writer`, whose chain goes on, and return its end."""
    chain = chain or Chain(writer)
    chain.end = store.chain_end(writer) or CHAIN_START
    intents = facts.intents(count)
    links = chain.links(intents)
    store.append(intents, writer=writer, links=links)
    return links[-1]


def seal(store: JournalStore, clock: FakeClock, end: WriterEnd) -> int:
    return store.seals.add(make_signer(clock).head(end)).number


def numbers(
    store: JournalStore, *, after: int = 0, limit: int = 100, seqs: tuple[int, int] = (0, ALWAYS)
) -> list[int]:
    found = store.seals.page(after=after, limit=limit, from_seq=seqs[0], up_to_seq=seqs[1])
    return [each.number for each in found]


def test_rows_come_back_with_their_links(store: JournalStore, facts: Facts) -> None:
    end = append(store, facts, "w1", 3)
    rows = store.entries(after=0, limit=10, selection=Selection())
    assert [(row.writer, row.n) for row in rows] == [("w1", 1), ("w1", 2), ("w1", 3)]
    assert store.chain_end("w1") == Link(3, end.hash) == Link(3, rows[-1].hash or b"")
    assert store.chain_end("w2") is None


def test_known_ids_are_told_from_others(store: JournalStore, facts: Facts) -> None:
    written, other = facts.intents(1200), facts.intents(2)
    store.append(written, writer="w1")
    assert store.known([fact.id for fact in [*written, *other]]) == {fact.id for fact in written}
    assert store.known([]) == set()


def test_the_newest_entries_come_in_order(store: JournalStore, facts: Facts) -> None:
    batch = facts.intents(5)
    store.append(batch, writer="w1")
    newest = store.newest(limit=2, selection=Selection())
    assert [entry.id for entry in newest] == [fact.id for fact in batch[-2:]]
    assert store.newest(limit=0, selection=Selection()) == []
    assert store.newest(limit=5, selection=Selection(tenant="other")) == []


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        (Selection(tenant="acme"), 2),
        (Selection(tenant="other"), 0),
        (Selection(caller="key:k1"), 2),
        (Selection(caller="key:k2"), 0),
        (Selection(subject="key:new"), 0),
        (Selection(tenant="acme", caller="key:k1", event="token.requested"), 2),
    ],
)
def test_entries_are_selected_by_who_and_what(
    store: JournalStore, facts: Facts, selection: Selection, count: int
) -> None:
    store.append(facts.intents(2), writer="w1")
    assert len(store.entries(after=0, limit=10, selection=selection)) == count


def test_checkpoints_are_numbered_and_come_back_as_they_were(
    store: JournalStore, facts: Facts, clock: FakeClock
) -> None:
    assert store.seals.last() is None
    made = [
        store.seals.add(make_signer(clock).head(WriterEnd(writer, append(store, facts, writer, 2))))
        for writer in ("w1", "w2")
    ]
    found = store.seals.page(after=0, limit=10, from_seq=0, up_to_seq=ALWAYS)
    assert found == made
    assert [each.number for each in found] == [1, 2]
    assert found[0].seq < found[1].seq
    assert store.seals.last() == found[1]


def test_checkpoints_are_read_by_number_and_place(store: JournalStore, facts: Facts, clock: FakeClock) -> None:
    places = []
    for _ in range(4):
        seal(store, clock, WriterEnd("w1", append(store, facts, "w1", 1)))
        last = store.seals.last()
        assert last is not None
        places.append(last.seq)
    assert numbers(store, after=1, limit=2) == [2, 3]
    assert numbers(store, seqs=(places[1], places[2])) == [2, 3]
    assert numbers(store, seqs=(places[3] + 1, ALWAYS)) == []


def test_the_newest_of_a_kind_or_before_a_time(store: JournalStore, facts: Facts, clock: FakeClock) -> None:
    for _ in range(3):
        seal(store, clock, WriterEnd("w1", append(store, facts, "w1", 1)))
        clock.advance(60)
    assert store.seals.latest_start() is None
    start = store.seals.add(make_signer(clock).start(2, []))
    assert store.seals.latest_start() == start
    before = store.seals.last_before(NOON + 61)
    assert before is not None
    assert before.number == 2
    assert store.seals.last_before(NOON) is None


def test_where_chains_end_is_known_for_each_number(store: JournalStore, facts: Facts, clock: FakeClock) -> None:
    ends = {}
    for writer in ("w1", "w2", "w1"):
        ends[writer] = append(store, facts, writer, 2)
        seal(store, clock, WriterEnd(writer, ends[writer]))
    assert {each.writer: each.end.n for each in store.seals.ends_at(2)} == {"w1": 2, "w2": 2}
    assert {each.writer: each.end for each in store.seals.ends_at(3)} == ends
    assert store.seals.writers_after(2) == {"w1"}
    store.renew_lease("w3", until=NOON, settled=None)
    assert store.seals.writers_after(3) == {"w3"}


def test_a_dead_writers_end_is_found_before_and_after_its_last_renewal(store: JournalStore, facts: Facts) -> None:
    for writer in ("before", "after", "idle"):
        store.renew_lease(writer, until=NOON + 15, settled=None, end=CHAIN_START)
    ends = {writer: append(store, facts, writer, 3) for writer in ("before", "after")}
    head = store.renew_lease("before", until=NOON + 15, settled=None, end=ends["before"])
    store.renew_lease("before", until=NOON + 15, settled=head, end=ends["before"])
    assert store.seals.unsealed(now=NOON + 15) == []
    found = {each.writer: each.end for each in store.seals.unsealed(now=NOON + 16)}
    assert found == {**ends, "idle": CHAIN_START}
    store.seals.mark_sealed("before")
    store.seals.mark_sealed("idle")
    assert [each.writer for each in store.seals.unsealed(now=NOON + 16)] == ["after"]
    store.renew_lease("before", until=NOON + 15, settled=head, end=ends["before"])
    assert {each.writer for each in store.seals.unsealed(now=NOON + 16)} == {"before", "after"}


def test_the_dead_are_sealed_where_their_chains_end_and_once(
    store: JournalStore, facts: Facts, clock: FakeClock
) -> None:
    for writer in ("w1", "idle"):
        store.renew_lease(writer, until=NOON + 15, settled=None, end=CHAIN_START)
    end = append(store, facts, "w1", 3)
    signer = make_signer(clock)
    assert store.seals.seal_dead(signer.head, now=NOON + 15) == []
    (made,) = store.seals.seal_dead(signer.head, now=NOON + 16)
    assert (made.writer, made.end, made.number) == ("w1", end, 1)
    assert store.seals.seal_dead(signer.head, now=NOON + 16) == []
    assert store.seals.unsealed(now=NOON + 16) == []


def test_rows_are_removed_as_far_as_they_are_covered(store: JournalStore, facts: Facts) -> None:
    store.append(facts.intents(2), writer="old")
    end = append(store, facts, "w1", 3)
    append(store, facts, "w2", 2)
    append(store, facts, "w1", 2)
    rows = store.entries(after=0, limit=100, selection=Selection())
    store.seals.remove_rows(after=rows[0].seq, up_to=rows[-1].seq, ends=[WriterEnd("w1", end)])
    left = store.entries(after=0, limit=100, selection=Selection())
    assert [(row.writer, row.n) for row in left] == [
        ("old", None),
        ("w2", 1),
        ("w2", 2),
        ("w1", 4),
        ("w1", 5),
    ]
    store.seals.remove_rows(after=0, up_to=rows[0].seq, ends=[])
    assert store.entries(after=0, limit=1, selection=Selection())[0].writer == "w2"
    store.append(facts.intents(1), writer="w3")
    assert store.newest(limit=1, selection=Selection())[0].seq > rows[-1].seq


def test_checkpoints_are_removed_a_few_at_a_time(store: JournalStore, facts: Facts, clock: FakeClock) -> None:
    for _ in range(5):
        seal(store, clock, WriterEnd("w1", append(store, facts, "w1", 1)))
    assert store.seals.remove_checkpoints(below=4, limit=2) == 2
    assert store.seals.remove_checkpoints(below=4, limit=2) == 1
    assert store.seals.remove_checkpoints(below=4, limit=2) == 0
    assert numbers(store) == [4, 5]
