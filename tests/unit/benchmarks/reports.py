"""A report with known figures."""

from benchmarks.harness.machine import Machine
from benchmarks.harness.report import Column, Report, Run, compare, make_rows

__all__ = ["make_report"]

_COLUMNS = [
    Column(key="cpu", heading="CPU s", digits=2),
    Column(key="share", heading="share", digits=1, shown=False),
]


def make_report(question: str = "mint", *, compared_by: str | None = "cpu") -> Report:
    """Return a report in which the second contender takes four times what the first does."""
    rows = make_rows(
        _COLUMNS,
        titles={"limi": "Limi", "peer": "A peer"},
        versions={"limi": {"limi": "1.0.0", "uvicorn": "0.54.0"}, "peer": {"node": "24.1.0"}},
        rounds={
            "limi": {number: {"cpu": cpu, "share": 0.5} for number, cpu in ((1, 0.1), (2, 0.2), (3, 0.3))},
            "peer": {number: {"cpu": cpu, "share": 0.5} for number, cpu in ((1, 0.4), (2, 0.8), (3, 1.2))},
        },
    )
    machine = Machine(processor="CPU", cores=2, memory_gib=8, system="Debian", kernel="6.1", load_before=0.1)
    return Report(
        question=question,
        title=f"Question {question}",
        run=Run(
            date="2026-11-21",
            commit="abc",
            machine=machine,
            driver="wrk 4",
            rounds=3,
            seconds=5.0,
            warm_up_seconds=8.0,
            connections=64,
        ),
        columns=_COLUMNS,
        compared_by=compared_by,
        rows=rows,
        ratios=compare(rows, compared_by) if compared_by else {},
        missing={"litellm": "it was not\nto be had"},
        notes=["it is loopback"],
    )
