"""The kernel's account of a process."""

import os
import subprocess
import sys

from benchmarks.harness.processes import choose_cores, cpu_seconds, pinned, resident_bytes

_WORK = (
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(30_000_000))']); print(); input()"
)


def test_processor_time_includes_that_of_children() -> None:
    command = [sys.executable, "-c", _WORK]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        process.stdout.readline()
        used, held = cpu_seconds(process.pid), resident_bytes(process.pid)
        process.communicate(b"\n")
    # The child's sum takes a quarter of a second or more; two starts of Python alone take a fifth of that.
    assert used > 0.1
    assert held > 1_000_000


def test_what_is_started_while_pinned_stays_on_its_core() -> None:
    before, core = os.sched_getaffinity(0), choose_cores().load
    asked = "import os; print(sorted(os.sched_getaffinity(0)))"
    with pinned(core):
        command = [sys.executable, "-c", asked]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - as above
    assert done.stdout.strip() == f"[{core}]"
    assert os.sched_getaffinity(0) == before


def test_a_process_that_is_gone_has_used_nothing() -> None:
    assert cpu_seconds(2**22 + 1) == 0.0
