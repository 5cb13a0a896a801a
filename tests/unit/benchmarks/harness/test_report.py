"""Reports: from rounds to rows, and to a file and back."""

from pathlib import Path

import msgspec

from benchmarks.harness.report import Column, compare, load_reports, make_rows, save_report
from tests.unit.benchmarks.reports import make_report

_COLUMNS = [Column(key="cpu", heading="CPU", digits=3)]


def test_rows_follow_the_titles_and_leave_out_who_has_no_round() -> None:
    rows = make_rows(
        _COLUMNS,
        titles={"b": "B", "a": "A", "none": "None"},
        versions={"a": {"python": "3"}},
        rounds={"a": {1: {"cpu": 1.0}, 2: {"cpu": 3.0}}, "b": {1: {"cpu": 4.0}, 2: {"cpu": 6.0}}},
    )
    assert [row.name for row in rows] == ["b", "a"]
    assert rows[1].figures["cpu"].median == 2.0
    assert rows[1].versions == {"python": "3"}
    assert compare(rows, "cpu")["b"]["a"].median == 3.0


def test_who_has_fewer_turns_is_compared_over_those_it_had() -> None:
    rows = make_rows(
        _COLUMNS,
        titles={"a": "A", "slow": "Slow"},
        versions={},
        rounds={
            "a": {1: {"cpu": 1.0}, 2: {"cpu": 9.0}, 3: {"cpu": 2.0}},
            "slow": {1: {"cpu": 8.0}, 3: {"cpu": 16.0}},
        },
    )
    assert rows[1].turns == [1, 3]
    found = compare(rows, "cpu")["slow"]["a"]
    assert (found.low, found.high) == (8.0, 8.0)


def test_rounds_of_files_that_do_not_number_them_are_one_after_the_other() -> None:
    report = make_report()
    rows = [msgspec.structs.replace(row, turns=()) for row in report.rows]
    assert compare(rows, "cpu") == report.ratios


def test_a_report_survives_its_file(tmp_path: Path) -> None:
    report = make_report()
    file = save_report(report, tmp_path)
    assert file.name == "mint.json"
    assert load_reports(tmp_path) == [report]


def test_no_results_are_no_reports(tmp_path: Path) -> None:
    assert load_reports(tmp_path / "nowhere") == []
