"""How programs learn that the sandbox answers, and how it learns that they are gone."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from limi.cli.readiness import Announcement, exit_with_parent, keep_output_clean
from limi.kernel.settings import SettingsError

_URL = "http://localhost:3010"


def test_people_are_told_what_to_type(capsys: pytest.CaptureFixture[str]) -> None:
    Announcement(as_json=False, ready_file=None, ca_file=None)(_URL)
    assert "Try: OPENAI_BASE_URL=http://localhost:3010/v1 OPENAI_API_KEY=sk-anything\n" in capsys.readouterr().out


def test_programs_get_one_line_of_json_and_the_same_in_a_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "ready.json"
    announcement = Announcement(as_json=True, ready_file=file, ca_file=None)
    assert not file.exists()
    announcement(_URL)
    (line,) = capsys.readouterr().out.splitlines()
    assert (
        json.loads(line)
        == json.loads(file.read_text())
        == {
            "url": _URL,
            "base_url": f"{_URL}/v1",
            "socket_url": "ws://localhost:3010/v1/realtime",
            "api_key": "sk-anything",
            "pid": os.getpid(),
        }
    )
    assert [path.name for path in folder.iterdir()] == ["ready.json"]


def test_a_file_of_an_earlier_run_is_gone_before_anything_answers(folder: Path) -> None:
    file = folder / "ready.json"
    file.write_text("old")
    Announcement(as_json=False, ready_file=file, ca_file=None)
    assert not file.exists()


def test_what_clients_have_to_trust_is_named_in_full(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ca = Path("ca.pem")
    Announcement(as_json=False, ready_file=None, ca_file=ca)("https://localhost:1")
    assert f" NODE_EXTRA_CA_CERTS={folder}/ca.pem " in capsys.readouterr().out
    Announcement(as_json=True, ready_file=None, ca_file=ca)("https://localhost:1")
    facts = json.loads(capsys.readouterr().out)
    assert (facts["ca_file"], facts["socket_url"]) == (f"{folder}/ca.pem", "wss://localhost:1/v1/realtime")


def test_a_file_that_cannot_be_written_is_a_sentence(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(SettingsError, match=r"--ready-file: .* cannot be written: Not a directory"):
        Announcement(as_json=False, ready_file=folder / "file" / "ready.json", ca_file=None)


def test_logs_are_no_part_of_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    keep_output_clean()
    structlog.get_logger().warning("something")
    out, err = capsys.readouterr()
    assert out == ""
    assert "something" in err


def test_the_end_of_standard_input_is_a_signal_to_stop() -> None:
    name = exit_with_parent.__name__
    program = f"import signal; from limi.cli.readiness import {name}; {name}(); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdin is not None
        process.stdin.write(b"what is said does not matter")
        process.stdin.close()
        assert process.wait(60) == -signal.SIGTERM
