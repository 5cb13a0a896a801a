"""Reports: from rounds to rows, and to a file and back."""

from pathlib import Path

from benchmarks.harness.report import Column, compare, load_reports, make_rows, save_report
from tests.unit.benchmarks.reports import make_report

_COLUMNS = [Column(key="cpu", heading="CPU", digits=3)]


def test_rows_follow_the_titles_and_leave_out_who_has_no_round() -> None:
    rows = make_rows(
        _COLUMNS,
        titles={"b": "B", "a": "A", "none": "None"},
        versions={"a": {"python": "3"}},
        rounds={"a": [{"cpu": 1.0}, {"cpu": 3.0}], "b": [{"cpu": 4.0}, {"cpu": 6.0}]},
    )
    assert [row.name for row in rows] == ["b", "a"]
    assert rows[1].figures["cpu"].median == 2.0
    assert rows[1].versions == {"python": "3"}
    assert compare(rows, "cpu")["b"]["a"].median == 3.0


def test_a_report_survives_its_file(tmp_path: Path) -> None:
    report = make_report()
    file = save_report(report, tmp_path)
    assert file.name == "mint.json"
    assert load_reports(tmp_path) == [report]


def test_no_results_are_no_reports(tmp_path: Path) -> None:
    assert load_reports(tmp_path / "nowhere") == []
