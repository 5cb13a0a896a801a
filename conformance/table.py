"""The table in the README, made from a run's results: a client per line, a scenario per column."""

from collections.abc import Iterable, Iterator
from typing import Final

from conformance.record import Outcome, Played
from conformance.results import Results, load
from conformance.scenarios import Scenario

__all__ = ["render", "render_committed"]

_MARKS: Final = {Outcome.PASSED: "✓", Outcome.FAILED: "✗", Outcome.NOT_APPLICABLE: "n/a"}


def render(results: Results) -> str:
    """Return a Markdown table, what its marks mean, and the versions."""
    by_place = {(played.client, played.scenario): played for played in results.played}
    clients = list(dict.fromkeys(played.client for played in results.played))
    notes = _Notes()
    rows = [
        _line([f"`{client}`", *(_cell(by_place.get((client, scenario)), notes) for scenario in Scenario)])
        for client in clients
    ]
    heading = [_line(["Client", *Scenario]), _line(["---", *([":---:"] * len(Scenario))])]
    return "\n".join([*heading, *rows, "", *notes.lines(), *_summary(results)]) + "\n"


def render_committed() -> str:
    """Return the table of the committed run."""
    return render(load())


class _Notes:
    """Reasons, each numbered once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, reason: str) -> int:
        return self._numbers.setdefault(reason, len(self._numbers) + 1)

    def lines(self) -> Iterator[str]:
        for reason, number in self._numbers.items():
            yield f"{number}. {reason}"
        if self._numbers:
            yield ""


def _cell(played: Played | None, notes: _Notes) -> str:
    if played is None:
        return ""
    mark = _MARKS[played.outcome]
    # Of a failure the first line says what did not happen; the rest is a traceback for the terminal.
    reason = played.reason.strip().splitlines()[0] if played.reason else None
    return f"{mark} <sup>{notes.number(reason)}</sup>" if reason else mark


def _summary(results: Results) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    yield f"Run on {results.date} against {results.target}, with {results.releases}: {versions}."


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
