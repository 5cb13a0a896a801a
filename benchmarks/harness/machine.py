"""Where a measurement was made: figures of two machines are not compared, so each report says which one it was."""

import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

__all__ = ["Machine", "commit", "describe_machine", "python_versions", "today", "tool_version"]

_ROOT = Path(__file__).parents[2]
_RESULTS = "benchmarks/results"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What figures depend on."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    kernel: str
    load_before: float
    """The one-minute load average before the run: above about 0.5 somebody else was working."""


def describe_machine() -> Machine:
    """Describe the machine this runs on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory_gib=round(memory / 2**30, 1),
        system=platform.freedesktop_os_release().get("PRETTY_NAME", "Linux"),
        kernel=platform.release(),
        load_before=round(os.getloadavg()[0], 2),
    )


def commit(checkout: Path = _ROOT) -> str:
    """Return the checkout's commit, marked where files differ from it.

    Results do not count: else the first of several questions would mark the others.
    """
    git = ["git", "-C", str(checkout)]
    head = tool_version([*git, "rev-parse", "--short=12", "HEAD"])
    changed = tool_version([*git, "status", "--porcelain", "--untracked-files=no", "--", ".", f":!{_RESULTS}"])
    return f"{head}-dirty" if changed else head


def today() -> str:
    """Return the date in UTC."""
    return datetime.now(UTC).date().isoformat()


def python_versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of packages in this environment, and Python's own."""
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def tool_version(command: list[str]) -> str:
    """Return what a command prints, such as its version; empty where it cannot be run."""
    try:
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own commands
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
