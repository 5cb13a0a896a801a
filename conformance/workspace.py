"""Where a run takes place: a copy of this folder with the newest clients, or the checkout with the locked ones."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from conformance.processes import run, say

__all__ = ["Workspace", "fresh", "locked"]

_HERE: Final = Path(__file__).parent
_REPOSITORY: Final = _HERE.parent
_NPM_CLIENTS: Final = ("openai", "@openai/agents-realtime")
_PIP_CLIENTS: Final = ("openai", "openai-agents")
_PIP_WANTED: Final = ("openai[realtime]", "openai-agents", "aiortc")
"""The clients, and what opens a call for those that only watch one."""
_VERSIONS: Final = """
import json, sys
from importlib.metadata import version
print(json.dumps([version(name) for name in sys.argv[1:]]))
"""
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with `conformance` in it, and a Python that has the clients."""

    folder: Path
    python: Path

    @property
    def suite(self) -> Path:
        """The npm package of the suite."""
        return self.folder / "conformance"

    @property
    def environ(self) -> dict[str, str]:
        """Whatever is started here finds the Node that was set up."""
        node = _REPOSITORY / ".venv" / "node" / "bin"
        return {"PATH": f"{node}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(self.folder)}

    def versions(self) -> dict[str, str]:
        """Return every client and what it runs in, with its version."""
        asked = _output([str(self.python), "-c", _VERSIONS, *_PIP_CLIENTS])
        found = {
            f"{name} (Python)": version for name, version in zip(_PIP_CLIENTS, json.loads(asked), strict=True)
        }
        for name in _NPM_CLIENTS:
            package = json.loads((self.suite / "node_modules" / name / "package.json").read_text("utf-8"))
            found[f"{name} (npm)"] = package["version"]
        node = _output([str(_REPOSITORY / ".venv" / "node" / "bin" / "node"), "--version"])
        chromium = _output([os.environ.get("LIMI_CHROMIUM", "chromium"), "--version"])
        return {
            **found,
            "Python": ".".join(map(str, sys.version_info[:3])),
            "Node": node.strip().removeprefix("v"),
            "Chromium": next(word for word in chromium.split() if word[0].isdigit()),
        }


def locked() -> Workspace:
    """Return the checkout as `make test` uses it."""
    return Workspace(_REPOSITORY, Path(sys.executable))


def fresh(folder: Path) -> Workspace:
    """Install the newest clients below `folder`, beside a copy of the suite.

    Raises:
        CommandError: They cannot be installed.
    """
    suite, venv = folder / "conformance", folder / "venv"
    unwanted = shutil.ignore_patterns("node_modules", "output", "__pycache__")
    shutil.copytree(_HERE, suite, ignore=unwanted)
    (folder / "examples").mkdir()
    shutil.copy(_REPOSITORY / "examples" / "hello.wav", folder / "examples")
    workspace = Workspace(folder, venv / "bin" / "python")
    say("Installing the newest clients …")
    run([sys.executable, "-m", "venv", venv], folder)
    run([workspace.python, "-m", "pip", "install", "--quiet", "--upgrade", *_PIP_WANTED], folder)
    # The lock still holds for the tools: what is on trial is the clients.
    newest = [f"{name}@latest" for name in _NPM_CLIENTS]
    run(["npm", "install", "--no-save", "--loglevel=error", *newest], suite, workspace.environ)
    return workspace


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS)  # noqa: S603 - our own
    return done.stdout
