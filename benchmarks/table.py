"""The tables in the README, made from the committed results."""

from collections.abc import Iterable, Iterator

from benchmarks.harness.report import Column, Report, Row, Run, load_reports
from benchmarks.harness.statistics import Summary, has_quartiles

__all__ = ["render", "render_committed"]

_FIRST = ("mint", "latency", "startup")
"""The order for readers; other questions follow by name."""
_WHOLE = 10
"""From here on a ratio needs no decimals."""


def render(reports: Iterable[Report]) -> str:
    """Return a Markdown table for each report, with what it was measured on and what it does not show."""
    return "\n\n".join(_section(report) for report in sorted(reports, key=_place)) + "\n"


def render_committed(*questions: str) -> str:
    """Return the tables of what is committed under `benchmarks/results`, of these questions or of all."""
    return render(report for report in load_reports() if not questions or report.question in questions)


def _place(report: Report) -> tuple[int, str]:
    place = _FIRST.index(report.question) if report.question in _FIRST else len(_FIRST)
    return place, report.question


def _section(report: Report) -> str:
    return "\n".join([f"**{report.title}**", "", *_table(report), "", *_notes(report)])


def _table(report: Report) -> Iterator[str]:
    first = report.rows[0] if report.rows else None
    shown = [column for column in report.columns if column.shown]
    compared = [column.heading for column in report.columns if first and _is_compared(report, column)]
    headings = [column.heading for column in shown] + [
        f"{heading} × {first.title}" for heading in compared if first
    ]
    yield _line(["", *headings])
    yield _line(["---", *["---:" for _ in headings]])
    for row in report.rows:
        times = [_times(report, row, first) for _ in compared if first]
        yield _line([row.title, *(_figure(row, column) for column in shown), *times])


def _is_compared(report: Report, column: Column) -> bool:
    return column.key == report.compared_by and not column.only_low


def _figure(row: Row, column: Column) -> str:
    found = row.figures[column.key]
    if column.only_low:
        return f"{found.low:,.{column.digits}f}"
    return f"{found.median:,.{column.digits}f} <sub>{_spread(found, column.digits)}</sub>"


def _spread(found: Summary, digits: int) -> str:
    return f"{found.low:,.{digits}f}–{found.high:,.{digits}f}"


def _times(report: Report, row: Row, first: Row) -> str:
    if row.name == first.name:
        return "1"
    ratio = report.ratios.get(row.name, {}).get(first.name)
    if ratio is None:
        return "–"
    return f"{_ratio(ratio.median)} <sub>{_ratio(ratio.low)}–{_ratio(ratio.high)}</sub>"


def _ratio(value: float) -> str:
    """Return two significant digits, and no fewer than are before the point."""
    return f"{value:,.0f}" if value >= _WHOLE else f"{value:.2g}"


def _notes(report: Report) -> Iterator[str]:
    run, machine = report.run, report.run.machine
    spread = "quartiles (of few, least and greatest)" if has_quartiles(run.rounds) else "least and greatest"
    yield (
        f"Medians of {_rounds(run)} after {run.warm_up_seconds:g} s of warm-up, {spread} beside them; "
        f"{run.connections} connections by {run.driver}. {run.date}, "
        f"commit {run.commit}, {machine.processor}, {machine.cores} cores, {machine.memory_gib:g} GiB, "
        f"{machine.system}, kernel {machine.kernel}, load before {machine.load_before:g}."
    )
    yield ""
    for row in report.rows:
        yield f"- {row.title}: {', '.join(f'{name} {version}' for name, version in row.versions.items())}."
    for name, reason in report.missing.items():
        yield f"- {name} took no part: {reason.splitlines()[-1] if reason else 'it failed'}."
    yield ""
    yield "What this does not show:"
    yield ""
    yield from (f"- {note}" for note in report.notes)


def _rounds(run: Run) -> str:
    if run.in_bursts:
        return (
            f"{run.rounds} bursts of {run.seconds:g} s, of slow servers fewer and longer ones, taken in turns by "
            "servers that run side by side,"
        )
    return f"{run.rounds} interleaved rounds of {run.seconds:g} s"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
