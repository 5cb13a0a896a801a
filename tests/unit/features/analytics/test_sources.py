from typing import Any

import pytest

from limi.features.analytics.model import Counts, SourceRow
from limi.features.analytics.sources import client_row, counted_code, journal_row
from limi.http.authentication import anonymous
from limi.http.refusal_audit import RefusalAudit
from limi.kernel.facts import EventName
from limi.testing import CountingIds, ManualClock
from tests.unit.features.analytics.harness import NOON, connected, failed
from tests.unit.http.harness import RecordingJournal, make_context, make_scope


def row(event: str = "token.generated", **members: str | None) -> SourceRow:
    given: dict[str, Any] = {
        "tenant": None,
        "frontend": None,
        "model": None,
        "code": None,
        "detail": None,
        **members,
    }
    return journal_row(seq=1, at=NOON, event=event, **given)


def test_only_mints_and_refusals_count() -> None:
    counting = {event.value for event in EventName if row(event.value).counts is not None}
    assert counting == {
        "token.generated",
        "token.failed",
        "token.unresolved",
        "token.replayed",
        "auth.refused",
        "limit.reached",
    }


def test_rows_alike_count_together_with_the_refusals_that_each_speaks_of() -> None:
    given: dict[str, Any] = {"tenant": None, "frontend": None, "model": None, "code": None}
    found = journal_row(seq=9, at=NOON, event="auth.refused", detail="4 times", times=3, **given)
    assert (found.seq, found.counts) == (9, Counts(refused=12))
    assert journal_row(seq=9, at=NOON, event="token.requested", detail=None, times=3, **given).counts is None


def test_what_a_newer_limi_wrote_counts_nothing() -> None:
    assert row("call.ended").counts is None


def test_what_is_told_apart_comes_from_closed_sets() -> None:
    strange = row(frontend="cobol", code="x" * 900, model="m" * 900)
    assert (strange.frontend, strange.code, len(strange.model)) == ("unknown", "unknown", 100)
    assert row(code="cancelled").code == "cancelled"
    assert (row().tenant, row().model, row().code) == ("", "", "")


@pytest.mark.parametrize(
    ("detail", "count"), [("1 refusal", 1), ("41 more in the minute", 41), (None, 1), ("some", 1)]
)
def test_a_refusal_counts_as_often_as_its_fact_says(detail: str | None, count: int) -> None:
    assert row("limit.reached", detail=detail).counts == Counts(refused=count)


async def test_what_the_refusal_audit_writes_is_understood() -> None:
    journal, clock = RecordingJournal(), ManualClock()
    audit = RefusalAudit(journal=journal, clock=clock, ids=CountingIds(), keep_user_agent=False)
    for _ in range(5):
        audit.note("rate_limit_exceeded", make_scope(context=make_context()), anonymous("203.0.113.7"))
    audit.settle(everything=True)
    counts = [row(fact.event.value, detail=fact.detail).counts for fact in journal.facts]
    assert counts == [Counts(refused=1), Counts(refused=4)]


def test_an_error_after_connecting_says_nothing_against_connecting() -> None:
    assert client_row(1, failed(code="network_error")).counts == Counts(not_connected=1, errors=1)
    assert client_row(1, failed(code="session_ended")).counts == Counts(errors=1)
    assert client_row(1, failed(code="made_up")).counts == Counts(not_connected=1, errors=1)
    assert client_row(1, failed(code="made_up")).code == "unknown"


def test_a_connection_brings_its_duration() -> None:
    found = client_row(7, connected(ms=250, tenant="acme"))
    assert (found.seq, found.counts, found.duration_ms, found.tenant) == (7, Counts(connected=1), 250, "acme")


def test_no_code_is_none() -> None:
    assert (counted_code(None), counted_code(""), counted_code("openai_timeout")) == ("", "", "openai_timeout")
