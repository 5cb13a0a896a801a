"""The metrics as docs/observability.md lists them, and what a PromQL expression asks for."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import promql_parser

from tests.unit.docs.reading import ROOT

__all__ = ["OBSERVABILITY", "Asked", "Documented", "asked_by", "documented", "series"]

OBSERVABILITY: Final = ROOT / "docs" / "observability.md"
_ROW: Final = re.compile(r"^\| `(\w+)` \| (\w+) \|(.*?)\| (.+?) \| (.+?) \|$", re.MULTILINE)
_LABEL: Final = re.compile(r"`(\w+)`(?: \(((?:`\w+`(?:, )?)+)\))?")


@dataclass(frozen=True, slots=True)
class Documented:
    """One row of the table."""

    kind: str
    labels: frozenset[str]
    values: dict[str, frozenset[str]]
    """Of the labels whose values are listed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What an expression wants: series, each with the labels it is chosen or grouped by."""

    names: frozenset[str]
    labels: frozenset[str]
    values: frozenset[tuple[str, str]]


@cache
def documented() -> dict[str, Documented]:
    """Return the table by name; counters end in `_total`, histograms have the name without an ending."""
    found = {}
    for name, kind, labels, _, _ in _ROW.findall(OBSERVABILITY.read_text(encoding="utf-8")):
        listed: dict[str, str] = dict(_LABEL.findall(labels))
        found[name] = Documented(
            kind,
            frozenset(listed),
            {label: frozenset(re.findall(r"`(\w+)`", values)) for label, values in listed.items() if values},
        )
    return found


def series() -> dict[str, Documented]:
    """Return the names that Prometheus knows them by."""
    found: dict[str, Documented] = {}
    for name, row in documented().items():
        endings = ("_bucket", "_count", "_sum") if row.kind == "histogram" else ("",)
        found |= {f"{name}{ending}": row for ending in endings}
    return found


def asked_by(expression: str) -> Asked:
    """Read an expression of Prometheus's, or one of Grafana's with its variables."""
    names, labels, values = set[str](), set[str](), set[tuple[str, str]]()

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.MatrixSelector):
            visit(node.vector_selector)
        if isinstance(node, promql_parser.VectorSelector):
            assert node.name
            names.add(node.name)
            for matcher in node.matchers.matchers:
                labels.add(matcher.name)
                values.add((matcher.name, matcher.value))
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            labels.update(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(expression.replace("$__rate_interval", "5m")), visit)
    return Asked(frozenset(names), frozenset(labels), frozenset(values))
