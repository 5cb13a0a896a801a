"""Outcomes travel from every client by one file."""

from pathlib import Path

import pytest

from conformance.record import RECORD_VARIABLE, Outcome, Played, read_record, record

_PASSED = Played(client="c", scenario="connect", outcome=Outcome.PASSED, seconds=0.5)


def test_what_is_recorded_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "record.jsonl"
    monkeypatch.setenv(RECORD_VARIABLE, str(path))
    failed = Played(client="c", scenario="cancel", outcome=Outcome.FAILED, reason="it\nbroke")
    record(_PASSED)
    record(failed)
    assert read_record(path) == [_PASSED, failed]


def test_a_javascript_runner_leaves_out_what_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text('{"client":"c","scenario":"hang-up","outcome":"n/a","reason":"no"}\n', encoding="utf-8")
    assert read_record(path) == [
        Played(client="c", scenario="hang-up", outcome=Outcome.NOT_APPLICABLE, reason="no")
    ]


def test_a_scenario_that_was_tried_again_counts_as_it_went_last(tmp_path: Path) -> None:
    path = tmp_path / "record.jsonl"
    line = '{{"client":"c","scenario":"connect","outcome":"{}","seconds":0.5}}\n'
    path.write_text(line.format("failed") + line.format("passed"), encoding="utf-8")
    assert read_record(path) == [_PASSED]


def test_nothing_is_recorded_in_a_plain_test_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(RECORD_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    record(_PASSED)
    assert list(tmp_path.iterdir()) == []
    assert read_record(tmp_path / "none") == []
