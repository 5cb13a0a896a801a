"""What one run found, as it is committed: `benchmarks/results/<question>.json`."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness.machine import Machine
from benchmarks.harness.statistics import Summary, ratios, summarize

__all__ = ["RESULTS", "Column", "Report", "Row", "Run", "compare", "load_reports", "make_rows", "save_report"]

RESULTS: Final = Path(__file__).parents[1] / "results"


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of every row."""

    key: str
    heading: str
    """With its unit."""
    digits: int
    shown: bool = True
    """Whether readers see it; what only vouches for the run stays in the file."""
    only_low: bool = False
    """Whether it shows only where the spread of its figure begins, beside a column that shows all of it."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One contender's figures."""

    name: str
    title: str
    versions: Mapping[str, str]
    """Every server and library that took part in its answer."""
    figures: Mapping[str, Summary]
    """By column."""
    rounds: Mapping[str, Sequence[float]]
    """What the figures were made of."""
    turns: Sequence[int] = ()
    """The numbers of those rounds; empty where it had one in each."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """When, where and how it was measured."""

    date: str
    commit: str
    """With `-dirty` at its end where the checkout held what no commit does."""
    machine: Machine
    driver: str
    """What made the load."""
    rounds: int
    seconds: float
    """Length of one measurement."""
    warm_up_seconds: float
    connections: int
    in_bursts: bool = False
    """Whether contenders lived side by side and each round was a turn of bursts, of these seconds or more."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one question found."""

    question: str
    title: str
    run: Run
    columns: Sequence[Column]
    compared_by: str | None
    """The column whose ratios are given; None where they mean nothing, as between differences near zero."""
    rows: Sequence[Row]
    ratios: Mapping[str, Mapping[str, Summary]]
    """`ratios[a][b]` is a divided by b, round by round."""
    missing: Mapping[str, str]
    """Who could not take part, and why."""
    notes: Sequence[str]
    """What the comparison does not show."""

    @property
    def file_name(self) -> str:
        """Return the name of its file; a later run replaces it, and git keeps the earlier one."""
        return f"{self.question}.json"


def make_rows(
    columns: Sequence[Column],
    *,
    titles: Mapping[str, str],
    versions: Mapping[str, Mapping[str, str]],
    rounds: Mapping[str, Mapping[int, Mapping[str, float]]],
) -> list[Row]:
    """Turn what each contender's rounds gave into rows, in the order of `titles`; who has no round has no row."""
    rows = []
    for name, title in titles.items():
        measured = rounds.get(name, {})
        if not measured:
            continue
        values = {column.key: [figures[column.key] for figures in measured.values()] for column in columns}
        rows.append(
            Row(
                name=name,
                title=title,
                versions=versions.get(name, {}),
                figures={key: summarize(found) for key, found in values.items()},
                rounds=values,
                turns=list(measured),
            )
        )
    return rows


def compare(rows: Sequence[Row], key: str) -> dict[str, dict[str, Summary]]:
    """Return the ratios of one column between all rows."""
    return ratios(
        {row.name: dict(zip(row.turns or itertools.count(1), row.rounds[key], strict=False)) for row in rows}
    )


def save_report(report: Report, folder: Path = RESULTS) -> Path:
    """Write a report and return its file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / report.file_name
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    return file


def load_reports(folder: Path = RESULTS) -> list[Report]:
    """Read every report of a folder, by name."""
    return [msgspec.json.decode(file.read_bytes(), type=Report) for file in sorted(folder.glob("*.json"))]
