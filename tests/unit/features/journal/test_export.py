import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from limi.features.journal import (
    InMemoryJournalStore,
    JournalEntry,
    Selection,
    audit_lines,
    entries_in_order,
)
from limi.features.journal.export import csv_lines
from limi.kernel.facts import Origin
from limi.kernel.frontends import Frontend
from tests.unit.features.journal.harness import NOON, Facts, FakeClock

COLUMNS = [
    "id",
    "time",
    "event",
    "requestId",
    "sessionId",
    "model",
    "tenant",
    "caller",
    "ip",
    "userAgent",
    "outcome",
    "durationMs",
    "expiresAt",
    "code",
    "resolves",
    "subject",
    "detail",
    "writer",
    "n",
    "seq",
    "hash",
    "check",
]


class CountingStore(InMemoryJournalStore):
    def __init__(self) -> None:
        super().__init__()
        self.pages: list[int] = []

    def entries(self, *, after: int, limit: int, selection: Selection) -> list[JournalEntry]:
        page = super().entries(after=after, limit=limit, selection=selection)
        self.pages.append(len(page))
        return page


def test_a_line_is_one_json_object_with_every_column() -> None:
    facts, store = Facts(), InMemoryJournalStore()
    intent = facts.intent()
    store.append([intent, facts.minted(intent)], writer="w1")
    first, second = [json.loads(line) for line in audit_lines(entries_in_order(store))]
    assert list(first) == list(second) == COLUMNS
    assert first["resolves"] is None
    assert second == {
        "seq": 2,
        "id": second["id"],
        "time": "2027-01-15T08:00:00.000000Z",
        "event": "token.generated",
        "requestId": "req-1",
        "sessionId": "sess_1",
        "model": "gpt-realtime",
        "tenant": "acme",
        "caller": "key:k1",
        "ip": "203.0.113.9",
        "userAgent": "test/1",
        "outcome": "succeeded",
        "durationMs": 87,
        "expiresAt": int(NOON) + 600,
        "code": None,
        "resolves": intent.id,
        "subject": None,
        "detail": None,
        "writer": "w1",
        "n": None,
        "hash": None,
        "check": second["check"],
    }


def test_a_table_has_the_same_columns_in_every_row() -> None:
    """Lines leave out the kind of application where nobody told it; a table must not."""
    store, facts = InMemoryJournalStore(), Facts()
    told = Origin(request_id="r", caller="c", frontend=Frontend.ELECTRON)
    store.append([facts.intent(), facts.intent(origin=told), facts.intent()], writer="w")
    rows = list(csv.reader(line.decode() for line in csv_lines(entries_in_order(store))))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert [row[rows[0].index("frontend")] for row in rows[1:]] == ["", "electron", ""]


def test_times_have_microseconds() -> None:
    clock, store = FakeClock(), InMemoryJournalStore()
    clock.advance(0.0567)
    store.append([Facts(clock).intent()], writer="w1")
    (line,) = audit_lines(entries_in_order(store))
    assert json.loads(line)["time"] == "2027-01-15T08:00:00.056700Z"


def test_text_is_written_as_it_is_on_one_line_of_utf_8() -> None:
    store = InMemoryJournalStore()
    text = 'Grüße, 世界 🎙 "quoted"\nsecond line\u2028'
    store.append([Facts().intent(origin=Origin(request_id="r", caller="c", user_agent=text))], writer="w1")
    (line,) = audit_lines(entries_in_order(store))
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert "世界 🎙".encode() in line
    assert json.loads(line)["userAgent"] == text


def test_only_as_much_is_read_as_is_asked_for() -> None:
    facts, store = Facts(), CountingStore()
    store.append(facts.intents(2500), writer="w1")
    lines: Iterator[bytes] = audit_lines(entries_in_order(store))
    next(lines)
    assert store.pages == [1000]
    assert len(list(lines)) == 2499
    assert store.pages == [1000, 1000, 500, 0]


def test_an_export_continues_after_a_cursor_and_keeps_to_its_selection() -> None:
    clock, store = FakeClock(), InMemoryJournalStore()
    facts = Facts(clock)
    store.append([facts.intent(), facts.minted()], writer="w1")
    clock.advance(60)
    store.append([facts.intent(), facts.minted()], writer="w1")
    since = datetime.fromtimestamp(NOON + 60, UTC)
    assert [entry.seq for entry in entries_in_order(store, after=1)] == [2, 3, 4]
    selection = Selection(since=since, event="token.generated")
    assert [entry.seq for entry in entries_in_order(store, selection=selection)] == [4]
