"""The README's tables."""

import msgspec

from benchmarks.harness.statistics import Summary
from benchmarks.table import render
from tests.unit.benchmarks.reports import make_report


def test_a_row_has_median_spread_and_its_ratio_to_the_first() -> None:
    table = render([make_report()])
    assert "|  | CPU s | CPU s × Limi |" in table
    assert "| Limi | 0.20 <sub>0.10–0.30</sub> | 1 |" in table
    assert "| A peer | 0.80 <sub>0.40–1.20</sub> | 4 <sub>4–4</sub> |" in table


def test_large_ratios_are_written_out() -> None:
    report = make_report()
    large = Summary(median=312.4, low=9.96, high=1234.5)
    table = render([msgspec.structs.replace(report, ratios={"peer": {"limi": large}})])
    assert "| 312 <sub>10–1,234</sub> |" in table


def test_a_column_may_show_only_where_a_spread_begins_and_is_not_compared_again() -> None:
    report = make_report()
    low = msgspec.structs.replace(report.columns[0], heading="in the quietest quarter", only_low=True)
    table = render([msgspec.structs.replace(report, columns=[report.columns[0], low, *report.columns[1:]])])
    assert "|  | CPU s | in the quietest quarter | CPU s × Limi |" in table
    assert "| A peer | 0.80 <sub>0.40–1.20</sub> | 0.40 | 4 <sub>4–4</sub> |" in table


def test_how_often_and_how_it_was_measured_is_told() -> None:
    report = make_report()
    assert "Medians of 3 interleaved rounds of 5 s after 8 s of warm-up, least and greatest" in render([report])
    bursts = msgspec.structs.replace(report.run, rounds=25, seconds=1.0, in_bursts=True)
    table = render([msgspec.structs.replace(report, run=bursts)])
    assert "Medians of 25 bursts of 1 s, of slow servers fewer and longer ones, taken in turns by servers" in table
    assert "after 8 s of warm-up, quartiles (of few, least and greatest) beside them" in table


def test_a_figure_that_only_vouches_for_the_run_is_not_shown() -> None:
    assert "share" not in render([make_report()])


def test_where_ratios_mean_nothing_there_is_no_column_for_them() -> None:
    assert "×" not in render([make_report(compared_by=None)])


def test_machine_versions_absentees_and_notes_are_beside_the_table() -> None:
    table = render([make_report()])
    for said in ("CPU, 2 cores, 8 GiB", "commit abc", "limi 1.0.0, uvicorn 0.54.0", "node 24.1.0"):
        assert said in table
    assert "- litellm took no part: to be had." in table
    assert "- it is loopback" in table


def test_questions_come_in_the_readers_order() -> None:
    table = render([make_report("clients"), make_report("startup"), make_report("mint")])
    places = [table.index(f"Question {name}") for name in ("mint", "startup", "clients")]
    assert places == sorted(places)


def test_without_results_there_is_no_table() -> None:
    assert render([]).strip() == ""
