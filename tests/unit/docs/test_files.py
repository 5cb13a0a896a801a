"""The files that stand beside the documents: the image's recipe, the licence, and the guard before a commit."""

import re
from pathlib import Path

import pytest

from scripts.check_staged import complaints_about
from tests.unit.docs.reading import ROOT

_DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_what_the_image_copies_is_there_and_is_sent_to_the_builder() -> None:
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.*)$", _DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    assert set(copied) == sent


def test_the_image_does_not_run_as_root_and_installs_by_hash() -> None:
    last_stage = _DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER limi$", last_stage, re.MULTILINE)
    assert "HEALTHCHECK" in last_stage
    assert "pip install --require-hashes --requirement requirements.lock" in _DOCKERFILE


def test_the_image_has_the_weights_where_the_server_looks_for_them() -> None:
    fetched = re.search(r"limi speech install --speech-dir (\S+)", _DOCKERFILE)
    assert fetched
    assert f"LIMI_SPEECH_DIR={fetched[1]}" in _DOCKERFILE.rpartition("\nFROM ")[2]
    assert fetched[1].startswith("/opt/limi/"), "what lies elsewhere in the builder stays there"


def test_the_image_holds_no_secret() -> None:
    assert not re.search(r"API_KEY|KEY_FILE|ARG ", _DOCKERFILE)


def test_the_licence_is_apache_2_in_full() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"key = 'sk-proj-" + b"a1" * 30 + b"'", "an OpenAI key"),
        (b"limi_admin_" + b"0f" * 20, "an operator's key"),
        (b"-----BEGIN EC " + b"PRIVATE KEY-----", "a private key"),
    ],
)
def test_a_file_with_a_secret_is_refused_without_quoting_it(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "staged"
    file.write_bytes(content)
    assert list(complaints_about(file)) == [f"{file}: it holds what looks like {what}."]


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "staged"
    file.write_bytes(bytes(500_001))
    assert list(complaints_about(file)) == [f"{file}: 500001 bytes are more than 500000."]


def test_an_ordinary_file_and_a_deleted_one_pass(tmp_path: Path) -> None:
    file = tmp_path / "staged"
    file.write_bytes(b"OPENAI_API_KEY=sk-anything")
    assert list(complaints_about(file)) == list(complaints_about(tmp_path / "gone")) == []
