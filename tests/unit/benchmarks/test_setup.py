"""What is installed is told by its lock file."""

from pathlib import Path

import pytest

from benchmarks import setup


def test_a_peer_is_installed_again_when_its_lock_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(setup, "PEERS", tmp_path / "peers")
    monkeypatch.setattr(setup, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(setup, "_run", lambda command, *_: ran.append(" ".join(command)))
    lock = tmp_path / "peers" / "made-up" / "requirements.txt"
    lock.parent.mkdir(parents=True)
    for text, runs in [("one", 2), ("one", 2), ("two", 4)]:
        lock.write_text(text, encoding="ascii")
        assert setup.install_python_peer("made-up") == tmp_path / "cache" / "made-up" / "bin"
        assert len(ran) == runs
    assert all("--require-hashes" in command for command in ran[1::2])


def test_what_cannot_be_installed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "CACHE", tmp_path)
    monkeypatch.setattr(setup, "PEERS", tmp_path)
    (tmp_path / "made-up").mkdir()
    (tmp_path / "made-up" / "requirements.txt").write_text("no requirement\n", encoding="ascii")
    with pytest.raises(setup.MissingError, match="pip"):
        setup.install_packages("made-up")
