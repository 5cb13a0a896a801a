"""The table of clients and behaviours: gathered from what the tests wrote, kept in a committed file, rendered.

Browser, Node and Python tests write `output/behaviour.json` as they run; `python -m scripts.client_behaviour`
takes those rows over into `conformance/clients.json`. A client of which nothing was run, or only a part, keeps its
rows and their day; to let a behaviour go, take the client out of that file first.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["BEHAVIOURS", "COMMITTED", "ClientRun", "Row", "gather", "main", "merge", "render", "render_committed"]

_ROOT: Final = Path(__file__).resolve().parent.parent
COMMITTED: Final = _ROOT / "conformance" / "clients.json"
BEHAVIOURS: Final = (
    "connect",
    "speak",
    "barge-in",
    "reconnect",
    "fallback",
    "denied microphone",
    "server-ended",
    "renewal",
    "offline",
    "device change",
    "leak-free",
)
_PLACES: Final = (
    "clients/typescript/*/output/behaviour.json",
    "clients/python/output/behaviour.json",
    "examples/*/output/behaviour.json",
    "web/output/behaviour.json",
)
_NO_WEBRTC: Final = "there is no WebRTC, so the conversation is by WebSocket from its beginning"
_NO_DEVICES: Final = "the program hands sound over itself; no microphone is opened"
_NO_WORD: Final = "nothing tells a program that its machine is offline; a lost connection is one like any other"
_NO_CHANGE: Final = "PortAudio does not tell when a device comes or goes; one that gives nothing is an error"
_NOT_APPLICABLE: Final[Mapping[tuple[str, str], str]] = {
    ("Node", "fallback"): _NO_WEBRTC,
    ("Node", "denied microphone"): _NO_DEVICES,
    ("Node", "offline"): _NO_WORD,
    ("Node", "device change"): _NO_DEVICES,
    ("Python", "fallback"): _NO_WEBRTC,
    ("Python", "offline"): _NO_WORD,
    ("Python", "device change"): _NO_CHANGE,
}


class Row(msgspec.Struct, frozen=True):
    """What one test showed, as the tests write it."""

    platform: str
    behaviour: str
    passed: bool
    how: str
    """The test's name."""


class ClientRun(msgspec.Struct, frozen=True):
    """The last run of one client's tests."""

    platform: str
    date: str
    """The day, as `2026-11-21`, in UTC."""
    rows: tuple[Row, ...]


def main() -> None:
    """Take over what the tests wrote, and say of which clients."""
    known = _load(COMMITTED) if COMMITTED.exists() else ()
    found = gather(_ROOT)
    runs = merge(known, found)
    COMMITTED.write_bytes(msgspec.json.format(msgspec.json.encode(runs), indent=2) + b"\n")
    for run in runs:
        state = "taken over" if run in found else f"not run in full, kept from {run.date}"
        print(f"{run.platform}: {state}", file=sys.stderr)


def gather(root: Path) -> tuple[ClientRun, ...]:
    """Return what the tests below `root` have written, a run for each client."""
    found: dict[str, list[Row]] = {}
    days: dict[str, str] = {}
    for path in (path for place in _PLACES for path in sorted(root.glob(place))):
        day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
        for row in msgspec.json.decode(path.read_bytes(), type=list[Row]):
            found.setdefault(row.platform, []).append(row)
            days[row.platform] = day
    return tuple(ClientRun(name, days[name], tuple(_sorted(rows))) for name, rows in found.items())


def merge(known: Sequence[ClientRun], found: Sequence[ClientRun]) -> tuple[ClientRun, ...]:
    """Return every client's newest run, by name, but for runs that show less than the one before."""
    newest = {run.platform: run for run in known}
    for run in found:
        before = newest.get(run.platform, run)
        if _shown(run) >= _shown(before):
            newest[run.platform] = run
    return tuple(newest[name] for name in sorted(newest))


def render(runs: Sequence[ClientRun]) -> str:
    """Return a Markdown table: a client per line, a behaviour per column; and what its marks mean."""
    reasons = list(dict.fromkeys(_NOT_APPLICABLE.values()))
    lines = [f"| Client | {' | '.join(BEHAVIOURS)} |", f"| --- |{' :---: |' * len(BEHAVIOURS)}"]
    lines += [f"| {run.platform} | {' | '.join(_cells(run, reasons))} |" for run in runs]
    used = [
        reason for reason in reasons if any(_reason(run, each) == reason for run in runs for each in BEHAVIOURS)
    ]
    notes = [f"{reasons.index(reason) + 1}. {reason}" for reason in used]
    passed = sum(row.passed for run in runs for row in run.rows)
    total = sum(len(run.rows) for run in runs)
    said = f"{passed} of {total} tests passed; {_days(runs)}."
    return "\n".join([*lines, "", *notes, "", said])


def render_committed() -> str:
    """Return the table of the committed runs."""
    return render(_load(COMMITTED))


def _shown(run: ClientRun) -> set[str]:
    return {row.behaviour for row in run.rows}


def _load(path: Path) -> tuple[ClientRun, ...]:
    return msgspec.json.decode(path.read_bytes(), type=tuple[ClientRun, ...])


def _sorted(rows: Sequence[Row]) -> Sequence[Row]:
    return sorted(rows, key=lambda row: (row.behaviour, row.how))


def _cells(run: ClientRun, reasons: Sequence[str]) -> Iterator[str]:
    for behaviour in BEHAVIOURS:
        outcomes = [row.passed for row in run.rows if row.behaviour == behaviour]
        reason = _reason(run, behaviour)
        if reason is not None:
            yield f"n/a <sup>{reasons.index(reason) + 1}</sup>"
        elif not outcomes:
            yield "–"
        else:
            yield "✓" if all(outcomes) else "✗"


def _reason(run: ClientRun, behaviour: str) -> str | None:
    """Return why a client cannot show a behaviour; what a test has tried after all counts more."""
    if any(row.behaviour == behaviour for row in run.rows):
        return None
    return _NOT_APPLICABLE.get((run.platform, behaviour))


def _days(runs: Sequence[ClientRun]) -> str:
    days = sorted({run.date for run in runs})
    return f"run on {days[0]}" if len(days) == 1 else f"run between {days[0]} and {days[-1]}"


if __name__ == "__main__":
    main()
