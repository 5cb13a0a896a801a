"""From the outcome of the rounds to a report."""

from collections.abc import Sequence

from benchmarks.harness.load import driver_name
from benchmarks.harness.machine import commit, describe_machine, today
from benchmarks.harness.report import Column, Report, Run, compare, make_rows
from benchmarks.harness.rounds import Options, Outcome
from benchmarks.harness.servers import Contender

__all__ = ["make_report"]


def make_report(
    *,
    question: str,
    title: str,
    contenders: Sequence[Contender],
    options: Options,
    outcome: Outcome,
    columns: Sequence[Column],
    compared_by: str | None,
    notes: Sequence[str],
) -> Report:
    """Say what was found, and everything it depends on."""
    present = [contender for contender in contenders if outcome.rounds.get(contender.name)]
    rows = make_rows(
        columns,
        titles={contender.name: contender.title for contender in present},
        versions={contender.name: contender.versions() for contender in present},
        rounds=outcome.rounds,
    )
    return Report(
        question=question,
        title=title,
        run=Run(
            date=today(),
            commit=commit(),
            machine=describe_machine(),
            driver=driver_name(),
            rounds=options.rounds,
            seconds=options.seconds,
            warm_up_seconds=options.warm_up_seconds,
            connections=options.connections,
            in_bursts=options.in_bursts,
        ),
        columns=columns,
        compared_by=compared_by,
        rows=rows,
        ratios=compare(rows, compared_by) if compared_by else {},
        missing=outcome.missing,
        notes=notes,
    )
