"""Asks the registries whether what the lock files name has known vulnerabilities.

A registry that offers no such answer (a mirror, a machine without network) fails nothing, because the check
would then say more about the network than about the code; but it is said plainly that nothing was looked up.
What is found fails the check: lock files make it the same on every machine, until somebody renews them or
accepts it below.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

__all__ = ["ACCEPTED", "LOCKS", "TOLD_ONLY", "Outcome", "main", "read_npm", "read_pip"]

ROOT: Final = Path(__file__).resolve().parent.parent
ACCEPTED: Final[Mapping[str, str]] = {}
"""Findings that change nothing for Limi, each with the reason and the day on which to look again."""

LOCKS: Final = (
    # It holds all that requirements.lock does.
    "requirements-dev.lock",
    "package-lock.json",
    "conformance/package-lock.json",
    "examples/webhooks/node/package-lock.json",
)
TOLD_ONLY: Final = (
    "examples/react-native/package-lock.json",
    "benchmarks/peers/express/package-lock.json",
    "benchmarks/peers/fastify/package-lock.json",
)
"""Lock files whose findings are told and fail nothing: a phone's build tools and what Limi is measured beside are
not ours to mend, and nobody gets them with Limi."""

_PATIENCE_SECONDS: Final = 120
"""Longest wait for the registries, which are asked side by side: some seconds is what they take."""
_PIP_AUDIT: Final = (
    *(sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps", "--progress-spinner", "off"),
    *("--format", "json", "--timeout", "10", "--requirement"),
)
_NPM_AUDIT: Final = ("npm", "audit", "--json", "--package-lock-only")
_SERIOUS: Final = frozenset({"high", "critical"})
"""npm's words that fail the check. Its packages run in tests alone, so lesser findings are only told."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one lock file."""

    looked_up: int
    locked: int
    findings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    why_not: str = ""
    """Why nothing was looked up."""


def main(root: Path = ROOT) -> int:
    """Print what was found; return 1 if anything was that is not accepted."""
    files = (*LOCKS, *TOLD_ONLY)
    with ThreadPoolExecutor(len(files)) as threads:
        outcomes = dict(zip(files, threads.map(lambda file: _audit(root / file), files), strict=True))
    for file in TOLD_ONLY:
        outcome = outcomes[file]
        outcomes[file] = replace(outcome, findings=(), remarks=(*outcome.findings, *outcome.remarks))
    for file, outcome in outcomes.items():
        print(f"dependency audit of {file}: {_sentence(outcome)}")
        for line in (*outcome.findings, *outcome.remarks):
            print(f"  {line}")
    return 1 if any(outcome.findings for outcome in outcomes.values()) else 0


def read_pip(output: str, errors: str) -> Outcome:
    """Read a report of pip-audit, which passes over packages that it cannot look up as if they were sound."""
    report = _decode(output)
    packages: list[dict[str, Any]] = report.get("dependencies", [])
    skipped = [package for package in packages if "skip_reason" in package]
    findings = [
        f"{package['name']} {package['version']}: {found['id']}, mended in {_listed(found['fix_versions'])}"
        for package in packages
        for found in package.get("vulns", ())
        if not {found["id"], *found.get("aliases", ())} & ACCEPTED.keys()
    ]
    why = skipped[0]["skip_reason"] if skipped else _last_line(errors)
    return Outcome(len(packages) - len(skipped), len(packages), tuple(findings), why_not=why)


def read_npm(output: str, errors: str) -> Outcome:
    """Read a report of `npm audit`."""
    report = _decode(output)
    locked = report.get("metadata", {}).get("dependencies", {}).get("total", 0)
    found = {
        f"{name}: {entry['severity']}": entry["severity"] in _SERIOUS
        for name, entry in report.get("vulnerabilities", {}).items()
        if name not in ACCEPTED
    }
    return Outcome(
        locked,
        locked,
        findings=tuple(line for line, serious in found.items() if serious),
        remarks=tuple(line for line, serious in found.items() if not serious),
        why_not=str(report.get("message") or _last_line(errors)),
    )


def _sentence(outcome: Outcome) -> str:
    if not outcome.looked_up:
        return f"NOT DONE, the registry gave no answer ({outcome.why_not or 'it said nothing'})"
    left = f" of {outcome.locked}" if outcome.looked_up < outcome.locked else ""
    return f"{outcome.looked_up}{left} packages looked up, {len(outcome.findings)} to be mended"


def _audit(file: Path) -> Outcome:
    if file.suffix == ".lock":
        return read_pip(*_run([*_PIP_AUDIT, file.name], file.parent))
    return read_npm(*_run(_NPM_AUDIT, file.parent))


def _run(command: Sequence[str], folder: Path) -> tuple[str, str]:
    """Return what a command printed; one that cannot run or takes too long printed nothing."""
    try:
        process = subprocess.Popen(  # noqa: S603 - the commands above
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    except OSError as exc:
        return "", f"{command[0]} cannot run: {exc.strerror}"
    with process:
        try:
            return process.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            # With all that it started: a child that lives on holds the pipes, which would be waited for.
            os.killpg(process.pid, signal.SIGKILL)
            return "", f"no answer within {_PATIENCE_SECONDS} s"


def _decode(output: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(output.encode(), type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def _listed(versions: Sequence[str]) -> str:
    return ", ".join(versions) or "no version yet"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


if __name__ == "__main__":
    sys.exit(main())
