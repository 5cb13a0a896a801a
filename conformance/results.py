"""A whole run: what was tried with which versions, and how every scenario went with every client."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from conformance.record import Outcome, Played
from conformance.scenarios import Scenario

__all__ = ["CLIENTS", "COMMITTED", "Results", "complete", "drift", "load", "save"]

COMMITTED: Final = Path(__file__).parent / "results.json"
CLIENTS: Final = (
    "openai, Python",
    "openai-agents, Python",
    "openai, Node, WebSocket over TLS",
    "@openai/agents-realtime, Node, WebSocket",
    "@openai/agents-realtime, Chromium, WebSocket",
    "@openai/agents-realtime, Chromium, WebRTC",
)
"""The rows, as the runners name their clients. One that reports nothing at all must not vanish from the table."""
_ENDED_EARLY: Final = "its runner ended before"


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    date: str
    """The day, as `2026-11-21`."""
    target: str
    """What was tried, in words."""
    releases: str
    """Which releases of the clients were used, in words."""
    versions: dict[str, str]
    """Every client, and what it ran in, with its version."""
    played: tuple[Played, ...]

    @property
    def failed(self) -> Sequence[Played]:
        """What did not go as it should."""
        return [played for played in self.played if played.outcome is Outcome.FAILED]


def complete(played: Iterable[Played]) -> tuple[Played, ...]:
    """Return every scenario with every client in the table's order; what nobody reported has failed."""
    known = {(each.client, each.scenario): each for each in played}
    return tuple(
        known.get((client, scenario))
        or Played(client=client, scenario=scenario, outcome=Outcome.FAILED, reason=_ENDED_EARLY)
        for client in CLIENTS
        for scenario in Scenario
    )


def drift(here: Results, there: Results) -> list[str]:
    """Say where another API differs from the sandbox, a line for each difference; empty when it does not.

    What a client could not try on either side says nothing about the API.
    """
    expected = {(each.client, each.scenario): each for each in here.played}
    lines: list[str] = []
    for each in there.played:
        known = expected.get((each.client, each.scenario))
        if known is not None and Outcome.NOT_APPLICABLE not in {known.outcome, each.outcome}:
            lines.extend(f"{each.client}, {each.scenario}: {found}" for found in _differences(known, each))
    return lines


def _differences(known: Played, played: Played) -> Iterator[str]:
    if known.outcome is not played.outcome:
        reason = f": {played.reason}" if played.reason else ""
        yield f"{played.outcome} instead of {known.outcome}{reason}"
        return
    usual, seen = set((known.events or "").split()), set((played.events or "").split())
    if more := sorted(seen - usual):
        yield f"sends {', '.join(more)}, which the sandbox does not"
    if less := sorted(usual - seen):
        yield f"does not send {', '.join(less)}, which the sandbox does"


def save(results: Results, path: Path) -> None:
    """Write a run, ready to be committed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n")


def load(path: Path = COMMITTED) -> Results:
    """Read a run.

    Raises:
        OSError: There is none.
        msgspec.ValidationError: It is not what `save` writes.
    """
    return msgspec.json.decode(path.read_bytes(), type=Results)
