"""What the kernel says of a process and all its threads and children: processor time and memory (proc(5))."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["Cores", "choose_cores", "cpu_seconds", "pinned", "resident_bytes"]

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")

# Places in /proc/PID/stat counted from the field after the name, which may hold spaces and brackets itself.
_PARENT: Final = 1
_TIMES: Final = slice(11, 15)
"""utime, stime, cutime, cstime: its own threads, dead ones included, and the children it has waited for."""
_RSS: Final = 21


class Cores:
    """Which core the server has and which one load and upstream share."""

    def __init__(self, *, server: int, load: int) -> None:
        self.server = server
        self.load = load

    @property
    def apart(self) -> bool:
        """Say whether they are two; on a machine with one, figures are not comparable with others'."""
        return self.server != self.load


def choose_cores() -> Cores:
    """Return the first two cores this process may use, or the same one twice."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(server=allowed[0], load=allowed[1] if len(allowed) > 1 else allowed[0])


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Let whatever is started inside inherit one core; a process pinned later has threads that are not."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and its children have used since their start."""
    return sum(sum(int(ticks) for ticks in stat[_TIMES]) for stat in _tree(pid)) / _TICKS


def resident_bytes(pid: int) -> int:
    """Return the memory that a process and its children hold; pages shared between them count for each."""
    return sum(int(stat[_RSS]) for stat in _tree(pid)) * _PAGE


def _tree(root: int) -> list[list[str]]:
    """Return the stat fields of a process and all that descend from it."""
    stats = {int(entry.name): stat for entry in _PROC.iterdir() if entry.name.isdigit() and (stat := _stat(entry))}
    family = {root}
    # A child's number may be below its parent's once numbers wrap, so pass again until nothing is found.
    while found := {pid for pid, stat in stats.items() if int(stat[_PARENT]) in family} - family:
        family |= found
    return [stats[pid] for pid in family if pid in stats]


def _stat(entry: Path) -> list[str] | None:
    try:
        text = (entry / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None  # It ended between the listing and the reading.
    return text.rpartition(")")[2].split()
