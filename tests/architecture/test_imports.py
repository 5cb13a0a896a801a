"""The folder tree is the architecture: who may import whom is checked, not hoped for."""

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own commands
        [sys.executable, *command], cwd=_ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_import_contracts_are_kept() -> None:
    result = _run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


@pytest.mark.parametrize(
    "package", ["limi.kernel.settings", "limi.protocol", "limi.features.journal", "limi.cli.main"]
)
def test_importing_does_nothing(package: str) -> None:
    """No thread, no file, no socket comes of an import, and nothing is printed."""
    program = f"""
import sys, threading
seen = []
def watch(event, args):
    if event in ("socket.connect", "socket.bind", "subprocess.Popen"):
        seen.append(event)
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        seen.append(f"{{event}} {{args[0]}}")
sys.addaudithook(watch)
sys.dont_write_bytecode = True
import {package}
assert threading.active_count() == 1, threading.enumerate()
assert not seen, seen
"""
    result = _run("-c", program)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_environment_is_read_in_one_place_only() -> None:
    readers = {
        str(path.relative_to(_ROOT / "src/limi"))
        for path in (_ROOT / "src/limi").rglob("*.py")
        if "os.environ" in (text := path.read_text()) or "getenv" in text
    }
    # The speech workers read nothing from it: their processes inherit it, as any child does.
    assert readers == {"adapters/configuration.py", "sandbox/speech/worker.py"}
