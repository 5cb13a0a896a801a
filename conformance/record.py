"""How outcomes get from the clients, in whatever language they run, to the table: one JSON object a line."""

import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

__all__ = ["RECORD_VARIABLE", "Outcome", "Played", "read_record", "record"]

RECORD_VARIABLE: Final = "LIMI_CONFORMANCE_RECORD"
"""Names the file; unset in a plain test run."""


class Outcome(StrEnum):
    """How a scenario went."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "n/a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One scenario with one client."""

    client: str
    scenario: str
    outcome: Outcome
    reason: str | None = None
    """Why it failed, or why the client cannot do it."""
    seconds: float | None = None
    events: str | None = None
    """The types of the events that came in, each once, in alphabetical order, with spaces between."""


def record(played: Played) -> None:
    """Append to the file that the environment names, if it does."""
    if path := os.environ.get(RECORD_VARIABLE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(played)) + "\n")


def read_record(path: Path) -> list[Played]:
    """Return what was recorded; a scenario that a runner tried again counts as it went last.

    Raises:
        ValueError: A line is not what `record` writes.
    """
    latest: dict[tuple[str, str], Played] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        fields = json.loads(line)
        played = Played(**{**fields, "outcome": Outcome(fields["outcome"])})
        latest[played.client, played.scenario] = played
    return list(latest.values())
