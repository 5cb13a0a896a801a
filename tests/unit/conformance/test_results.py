"""A whole run is kept, completed and compared."""

from pathlib import Path

from conformance.record import Outcome, Played
from conformance.results import CLIENTS, Results, complete, drift, load, save
from conformance.scenarios import Scenario


def _results(*played: Played) -> Results:
    return Results(date="2026-11-21", target="t", releases="r", versions={"openai": "1"}, played=played)


def _played(outcome: Outcome, reason: str | None = None) -> Played:
    return Played(client=CLIENTS[0], scenario=Scenario.CONNECT, outcome=outcome, reason=reason)


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    results = _results(_played(Outcome.PASSED), _played(Outcome.NOT_APPLICABLE, "cannot"))
    save(results, tmp_path / "deep" / "results.json")
    assert load(tmp_path / "deep" / "results.json") == results


def test_what_nobody_reported_has_failed() -> None:
    whole = complete([_played(Outcome.PASSED)])
    assert len(whole) == len(CLIENTS) * len(Scenario)
    assert [each.outcome for each in whole].count(Outcome.PASSED) == 1
    assert len(_results(*whole).failed) == len(whole) - 1


def test_drift_names_what_went_otherwise() -> None:
    here, there = _results(_played(Outcome.PASSED)), _results(_played(Outcome.FAILED, "no answer"))
    assert drift(here, here) == []
    assert drift(here, there) == [f"{CLIENTS[0]}, connect: failed instead of passed: no answer"]


def test_drift_names_events_that_one_side_alone_sends() -> None:
    here, there = (
        _results(Played(client="c", scenario="connect", outcome=Outcome.PASSED, events=events))
        for events in ("session.created session.updated", "session.created session.surprise")
    )
    assert drift(here, there) == [
        "c, connect: sends session.surprise, which the sandbox does not",
        "c, connect: does not send session.updated, which the sandbox does",
    ]


def test_what_a_client_cannot_try_is_no_drift() -> None:
    here, there = _results(_played(Outcome.PASSED)), _results(_played(Outcome.NOT_APPLICABLE, "no TLS"))
    assert drift(here, there) == drift(there, here) == []


def test_the_committed_run_has_every_scenario_with_every_client_and_none_failed() -> None:
    committed = load()
    assert committed.played == complete(committed.played)
    assert committed.failed == []
