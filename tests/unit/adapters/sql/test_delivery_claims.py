"""How claiming goes about it; what it must do stands in tests/contract/webhooks."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from limi.adapters.sql.delivery_claims import MAX_ROWS, claim_due, find_next_due
from limi.adapters.sql.delivery_results import settle_all
from limi.features.webhooks.model import Claimed
from limi.kernel.revision import AccessUnavailableError
from tests.unit.adapters.sql.delivery_harness import NOON, A, B, Opened, settlements

LATE = (NOON + 10**6) * 1_000_000


def claim(opened: Opened, **given: Any) -> list[Claimed]:
    asked = {"worker": "w", "now": LATE, "until": LATE + 1, "limit": 64, "per_endpoint": 8, "busy": {}, **given}
    return claim_due(opened.engine, **asked)


def test_ten_thousand_rows_that_wait_are_found_by_index(opened: Opened) -> None:
    opened.fill(A, 10_000)
    opened.fill(B, 20, state="delivered")
    with opened.explained() as plans:
        assert len(claim(opened)) == 8
        assert find_next_due(opened.engine, LATE) == LATE + 1
    groups, claiming, messages, _noted, next_due = plans
    for plan in (groups, claiming, next_due):
        assert "webhook_deliveries_pending" in plan
    assert "journal_id" in messages
    for plan in plans:
        assert "SCAN webhook_deliveries" not in plan
        assert "Seq Scan on webhook_deliveries" not in plan


def test_a_look_that_finds_nothing_is_one_statement_and_takes_no_lock(opened: Opened) -> None:
    opened.fill(A, 1, free_at=LATE + 5)
    opened.statements.clear()
    assert claim(opened) == []
    assert len(opened.statements) == 1


def test_no_more_than_a_hundred_rows_are_changed_in_one_transaction(opened: Opened) -> None:
    opened.fill(A, 3 * MAX_ROWS)
    assert len(claim(opened, limit=1000, per_endpoint=1000)) == MAX_ROWS


def test_what_waits_for_nobody_is_ended_a_hundred_rows_at_a_time(opened: Opened) -> None:
    opened.fill("whe_gone", MAX_ROWS - 10)
    opened.fill("whe_gone_too", 50)
    opened.fill(A, 1)
    assert [each.endpoint_id for each in claim(opened)] == [A]
    assert opened.states().count("cancelled") == MAX_ROWS
    assert claim(opened) == []
    assert opened.states().count("cancelled") == MAX_ROWS + 40


def test_however_many_rows_are_claimed_it_takes_as_many_statements(opened: Opened) -> None:
    opened.fill(A, 20)
    counts = []
    for limit in (1, 10):
        opened.statements.clear()
        assert len(claim(opened, limit=limit, per_endpoint=10)) == limit
        counts.append(len(opened.statements))
    assert counts[0] == counts[1] <= 4


def test_workers_at_connections_of_their_own_never_hold_the_same_delivery(opened: Opened) -> None:
    opened.fill(A, 300)
    opened.fill(B, 300)

    def work(number: int) -> list[tuple[int, int]]:
        mine = Opened(opened.url, busy_seconds=30)
        held: list[tuple[int, int]] = []
        while claimed := claim(mine, worker=f"w{number}", limit=9):
            settle_all(mine.engine, settlements(claimed), worker=f"w{number}")
            held += [(each.delivery_id, each.lease) for each in claimed]
        mine.close()
        return held

    with ThreadPoolExecutor(4) as pool:
        held = [each for some in pool.map(work, range(4)) for each in some]
    assert len(held) == len(set(held)) == 600
    assert {lease for _, lease in held} == {1}, "nothing was claimed twice"
    assert set(opened.states()) == {"delivered"}


async def test_a_claim_that_has_to_wait_for_the_lock_for_too_long_is_no_claim(tmp_path: Path) -> None:
    opened = Opened(f"sqlite:///{tmp_path}/limi.db")
    opened.add_endpoints(A)
    with closing(sqlite3.connect(tmp_path / "limi.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        asked: dict[str, Any] = {"worker": "w", "lease_seconds": 9, "limit": 9, "per_endpoint": 9, "busy": {}}
        assert await opened.deliveries.claim(now=NOON, **asked) == [], "nothing is due, so nothing is locked"
        other.execute("ROLLBACK")
        opened.fill(A, 1)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(AccessUnavailableError, match="locked"):
            await opened.deliveries.claim(now=NOON, **asked)
        other.execute("ROLLBACK")
    assert len(await opened.deliveries.claim(now=NOON, **asked)) == 1
    opened.close()
