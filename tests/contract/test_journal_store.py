"""What every journal store must do, whatever it is made of."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.features.journal import InMemoryJournalStore, JournalEntry, JournalStore, Selection
from limi.kernel.facts import Fact, MintUnresolved, Origin
from tests.unit.features.journal.harness import NOON, Facts, FakeClock

ALL = Selection()


def memory(_: pytest.FixtureRequest) -> JournalStore:
    return InMemoryJournalStore()


def sqlite(request: pytest.FixtureRequest) -> JournalStore:
    folder: Path = request.getfixturevalue("tmp_path")
    return _opened(f"sqlite:///{folder}/data/limi.db")


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


def unresolved(intent: JournalEntry) -> MintUnresolved:
    return MintUnresolved(
        id=f"e{intent.id[1:]}",
        at=NOON + 60,
        origin=Origin(request_id=intent.request_id, caller=intent.caller, tenant=intent.tenant),
        session_id=intent.session_id,
        model=intent.model,
        resolves=intent.id,
    )


def ids(entries: list[JournalEntry]) -> list[str]:
    return [entry.id for entry in entries]


def everything(store: JournalStore) -> list[JournalEntry]:
    return store.entries(after=0, limit=10_000, selection=ALL)


def test_an_entry_comes_back_as_the_fact_that_went_in(store: JournalStore, facts: Facts) -> None:
    intent = facts.intent()
    minted = facts.minted(intent)
    store.append([intent, minted], writer="w1")
    first, second = everything(store)
    assert second == JournalEntry(
        seq=first.seq + 1,
        id=minted.id,
        at=NOON,
        event="token.generated",
        outcome="succeeded",
        request_id="req-1",
        caller="key:k1",
        tenant="acme",
        ip="203.0.113.9",
        user_agent="test/1",
        session_id="sess_1",
        model="gpt-realtime",
        duration_ms=87,
        expires_at=int(NOON) + 600,
        code=None,
        resolves=intent.id,
        writer="w1",
    )
    assert (first.id, first.outcome, first.resolves, first.expires_at) == (intent.id, "requested", None, None)


def test_times_keep_their_microseconds(store: JournalStore, clock: FakeClock, facts: Facts) -> None:
    clock.advance(0.123456)
    store.append([facts.intent()], writer="w1")
    assert everything(store)[0].at == pytest.approx(NOON + 0.123456, abs=2e-7)


@pytest.mark.parametrize("text", ["Grüße, 世界 🎙", "", "line\nbreak\ttab", "'; DROP TABLE journal; --", "%s ? :x"])
def test_any_text_comes_back_unchanged(store: JournalStore, facts: Facts, text: str) -> None:
    store.append([facts.intent(origin=Origin(request_id=text, caller=text, user_agent=text))], writer="w1")
    (entry,) = everything(store)
    assert (entry.request_id, entry.caller, entry.user_agent) == (text, text, text)


@pytest.mark.parametrize("count", [1, 2, 3, 511, 512, 513, 1300])
def test_a_batch_of_any_size_keeps_its_order(store: JournalStore, facts: Facts, count: int) -> None:
    batch = facts.intents(count)
    store.append(batch, writer="w1")
    entries = everything(store)
    assert ids(entries) == [fact.id for fact in batch]
    assert [entry.seq for entry in entries] == sorted({entry.seq for entry in entries})


def test_no_facts_are_nothing_to_write(store: JournalStore) -> None:
    store.append([], writer="w1")
    assert everything(store) == []


def test_a_fact_written_twice_is_there_once(store: JournalStore, facts: Facts) -> None:
    first, second = facts.intents(2)
    store.append([first], writer="w1")
    store.append([first, second], writer="w1")
    assert ids(everything(store)) == [first.id, second.id]


def test_entries_can_be_read_on_from_a_cursor(store: JournalStore, facts: Facts) -> None:
    batch = facts.intents(5)
    store.append(batch, writer="w1")
    page = store.entries(after=0, limit=2, selection=ALL)
    rest = store.entries(after=page[-1].seq, limit=10, selection=ALL)
    assert ids(page) + ids(rest) == [fact.id for fact in batch]


def test_entries_are_selected_by_time_and_event(store: JournalStore, clock: FakeClock, facts: Facts) -> None:
    early = facts.intent()
    clock.advance(60)
    middle, minted = facts.intent(), facts.minted()
    clock.advance(60)
    late = facts.intent()
    store.append([early, middle, minted, late], writer="w1")
    since, until = (datetime.fromtimestamp(NOON + after, UTC) for after in (60, 120))

    def select(selection: Selection) -> list[str]:
        return ids(store.entries(after=0, limit=10, selection=selection))

    assert select(Selection(since=since)) == [middle.id, minted.id, late.id]
    assert select(Selection(until=until)) == [early.id, middle.id, minted.id]
    assert select(Selection(since=since, until=until, event="token.generated")) == [minted.id]
    assert select(Selection(event="token.never")) == []


def test_live_tokens_are_those_handed_out_and_not_expired(
    store: JournalStore, clock: FakeClock, facts: Facts
) -> None:
    short, long = facts.minted(session_id="short", ttl=10), facts.minted(session_id="long", ttl=600)
    intent = facts.intent()
    store.append([short, long, intent, facts.failed(intent)], writer="w1")
    assert store.live_tokens(now=clock.now(), limit=10).total == 2
    clock.advance(10)
    live = store.live_tokens(now=clock.now(), limit=10)
    assert (live.total, [token.session_id for token in live.newest]) == (1, ["long"])
    assert (live.newest[0].expires_at, live.newest[0].minted_at) == (int(NOON) + 600, NOON)


def test_live_tokens_list_the_newest_and_count_all(store: JournalStore, facts: Facts) -> None:
    store.append([facts.minted(session_id=f"s{n}", ttl=600 - n) for n in range(5)], writer="w1")
    live = store.live_tokens(now=NOON, limit=2)
    assert (live.total, [token.session_id for token in live.newest]) == (5, ["s4", "s3"])


def test_a_tenant_sees_its_own_live_tokens(store: JournalStore, facts: Facts) -> None:
    others = Origin(request_id="r", caller="key:k2", tenant="other")
    nobodys = Origin(request_id="r", caller="ip:192.0.2.1")
    store.append(
        [facts.minted(), facts.minted(origin=others, session_id="o"), facts.minted(origin=nobodys)], writer="w1"
    )
    assert store.live_tokens(now=NOON, limit=10).total == 3
    live = store.live_tokens(now=NOON, limit=10, tenant="other")
    assert (live.total, [token.session_id for token in live.newest]) == (1, ["o"])


def test_a_replayed_key_is_one_live_token_and_replays_do_not_collide(store: JournalStore, facts: Facts) -> None:
    minted = facts.minted(facts.intent())
    store.append([minted, facts.replayed(minted), facts.replayed(minted)], writer="w1")
    assert len(everything(store)) == 3
    assert store.live_tokens(now=NOON, limit=10).total == 1


def test_a_dead_writers_open_intents_are_ended_once(store: JournalStore, facts: Facts) -> None:
    open_one, done = facts.intent(session_id="mine"), facts.intent()
    store.renew_lease("w1", until=NOON + 15, settled=None)
    store.append([open_one, done, facts.minted(done)], writer="w1")
    assert store.end_abandoned(unresolved, now=NOON + 16, writer="w2") == 1
    ended = everything(store)[-1]
    assert (ended.event, ended.outcome, ended.resolves) == ("token.unresolved", "unknown", open_one.id)
    assert (ended.request_id, ended.session_id, ended.model) == ("req-1", "mine", "gpt-realtime")
    assert store.end_abandoned(unresolved, now=NOON + 17, writer="w3") == 0


def test_a_living_writers_intents_are_left_alone(store: JournalStore, facts: Facts) -> None:
    store.renew_lease("w1", until=NOON + 15, settled=None)
    store.append([facts.intent()], writer="w1")
    assert store.end_abandoned(unresolved, now=NOON + 15, writer="w2") == 0
    store.renew_lease("w1", until=NOON + 30, settled=0)
    assert store.end_abandoned(unresolved, now=NOON + 20, writer="w2") == 0


def test_one_writers_death_leaves_anothers_intents_alone(store: JournalStore, facts: Facts) -> None:
    dead, living = facts.intents(2)
    store.renew_lease("w1", until=NOON + 15, settled=None)
    store.renew_lease("w2", until=NOON + 30, settled=None)
    store.append([dead], writer="w1")
    store.append([living], writer="w2")
    assert store.end_abandoned(unresolved, now=NOON + 16, writer="w2") == 1
    assert everything(store)[-1].resolves == dead.id


def test_a_released_lease_gives_its_open_intents_up(store: JournalStore, facts: Facts) -> None:
    store.renew_lease("w1", until=NOON + 15, settled=None)
    store.append([facts.intent()], writer="w1")
    store.release_lease("w1", now=NOON)
    assert store.end_abandoned(unresolved, now=NOON + 1, writer="w2") == 1


def test_what_is_settled_is_not_looked_at_again(store: JournalStore, facts: Facts) -> None:
    store.renew_lease("w1", until=NOON + 5, settled=None)
    store.append([facts.intent()], writer="w1")
    head = store.renew_lease("w1", until=NOON + 5, settled=0)
    assert head == everything(store)[-1].seq
    store.renew_lease("w1", until=NOON + 5, settled=head)
    store.append([second := facts.intent()], writer="w1")
    assert store.end_abandoned(unresolved, now=NOON + 6, writer="w2") == 1
    assert everything(store)[-1].resolves == second.id


def test_a_new_writer_starts_with_nothing_open(store: JournalStore, facts: Facts) -> None:
    store.append([facts.intent()], writer="w0")
    assert store.renew_lease("w0", until=NOON + 5, settled=None) == 1
    assert store.end_abandoned(unresolved, now=NOON + 6, writer="w2") == 0


def test_an_append_that_ends_after_its_lease_is_found_by_a_later_sweep(store: JournalStore, facts: Facts) -> None:
    store.renew_lease("w1", until=NOON + 15, settled=None)
    assert store.end_abandoned(unresolved, now=NOON + 16, writer="w2") == 0
    store.append([facts.intent()], writer="w1")
    assert store.end_abandoned(unresolved, now=NOON + 20, writer="w2") == 1


def test_the_true_outcome_may_come_after_the_unknown_one(store: JournalStore, facts: Facts) -> None:
    intent = facts.intent()
    store.renew_lease("w1", until=NOON + 15, settled=None)
    store.append([intent], writer="w1")
    store.end_abandoned(unresolved, now=NOON + 16, writer="w2")
    store.append([facts.minted(intent)], writer="w1")
    assert [entry.outcome for entry in everything(store)] == ["requested", "unknown", "succeeded"]
    assert store.live_tokens(now=NOON, limit=1).total == 1


def test_it_says_that_it_answers(store: JournalStore) -> None:
    store.ping()


def test_each_appended_fact_is_seen_by_the_next_read(store: JournalStore, facts: Facts) -> None:
    appended: list[Fact] = []
    for fact in facts.intents(20):
        store.append([fact], writer="w1")
        appended.append(fact)
        assert ids(everything(store)) == [each.id for each in appended]
