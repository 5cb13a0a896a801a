"""The table of clients and behaviours says what the tests wrote, and nothing else."""

import json
import os
from pathlib import Path

from scripts.client_behaviour import BEHAVIOURS, ClientRun, Row, gather, merge, render, render_committed

_DAY = 1_795_262_400  # 2026-11-21, 12:00 UTC


def _run(platform: str, *rows: tuple[str, bool], date: str = "2026-11-21") -> ClientRun:
    return ClientRun(platform, date, tuple(Row(platform, name, passed, f"{name}!") for name, passed in rows))


def _line(table: str, platform: str) -> dict[str, str]:
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {platform} |"))
    return dict(zip(BEHAVIOURS, (cell.strip() for cell in line.split("|")[2:-1]), strict=True))


def test_one_failure_among_passes_is_a_failure() -> None:
    cells = _line(render([_run("Vue", ("connect", True), ("speak", True), ("speak", False))]), "Vue")
    assert (cells["connect"], cells["speak"]) == ("✓", "✗")


def test_what_no_test_tries_is_no_pass() -> None:
    assert _line(render([_run("Vue", ("connect", True))]), "Vue")["reconnect"] == "–"


def test_what_cannot_be_there_has_its_reason() -> None:
    table = render([_run("Python", ("connect", True))])
    assert _line(table, "Python")["fallback"] == "n/a <sup>1</sup>"
    assert "\n1. there is no WebRTC" in table


def test_what_was_tried_all_the_same_counts_more_than_a_reason() -> None:
    assert _line(render([_run("Python", ("fallback", False))]), "Python")["fallback"] == "✗"


def test_rows_are_gathered_from_every_place_with_their_day(tmp_path: Path) -> None:
    rows = [{"platform": "Node", "behaviour": "speak", "passed": True, "how": "a turn"}]
    for place in ("clients/typescript/core", "clients/python"):
        file = tmp_path / place / "output" / "behaviour.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(rows), encoding="utf-8")
        os.utime(file, (_DAY, _DAY))
        rows = [{**rows[0], "platform": "Python"}]
    assert [(run.platform, run.date, len(run.rows)) for run in gather(tmp_path)] == [
        ("Node", "2026-11-21", 1),
        ("Python", "2026-11-21", 1),
    ]


def test_a_client_that_was_not_run_keeps_its_rows_and_their_day() -> None:
    old, new = _run("Vue", ("speak", True), date="2026-11-01"), _run("Node", ("speak", False))
    merged = merge([old, _run("Node", ("speak", True), date="2026-11-01")], [new])
    assert merged == (new, old)
    assert "1 of 2 tests passed; run between 2026-11-01 and 2026-11-21." in render(merged)


def test_a_part_of_the_tests_replaces_nothing() -> None:
    whole = _run("Vue", ("speak", True), ("connect", True))
    assert merge([whole], [_run("Vue", ("speak", False))]) == (whole,)


def test_in_the_committed_runs_nothing_failed() -> None:
    assert "✗" not in render_committed()
