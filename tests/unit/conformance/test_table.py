"""The table is read by people."""

from conformance.record import Outcome, Played
from conformance.results import Results
from conformance.scenarios import Scenario
from conformance.table import render, render_committed


def _row(client: str, outcome: Outcome, reason: str | None = None) -> list[Played]:
    return [
        Played(client=client, scenario=scenario, outcome=outcome, reason=reason)
        for scenario in (Scenario.CONNECT, Scenario.HANG_UP)
    ]


def test_a_table_has_a_line_per_client_and_numbers_its_reasons_once() -> None:
    results = Results(
        date="2026-11-21",
        target="the sandbox",
        releases="the newest releases",
        versions={"openai": "3"},
        played=(*_row("one", Outcome.PASSED), *_row("two", Outcome.NOT_APPLICABLE, "cannot\nat all")),
    )
    text = render(results)
    assert "| `one` | ✓ |" in text
    assert text.count("n/a <sup>1</sup>") == 2
    assert "\n1. cannot\n" in text
    assert text.endswith("against the sandbox, with the newest releases: openai 3.\n")


def test_the_committed_table_names_every_scenario() -> None:
    heading = render_committed().splitlines()[0]
    assert all(f"| {scenario} |" in heading for scenario in Scenario)
