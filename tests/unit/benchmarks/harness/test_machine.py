"""What a report says of the checkout that it was made in."""

import subprocess
from pathlib import Path

import pytest

from benchmarks.harness.machine import commit


def _git(checkout: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(checkout), *who, *arguments], check=True, capture_output=True)  # noqa: S603, S607


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "benchmarks" / "results" / "mint.json").write_text("{}")
    (tmp_path / "code.py").write_text("")
    _git(tmp_path, "init", "--quiet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path


def test_new_results_and_new_files_leave_a_commit_what_it_is(checkout: Path) -> None:
    before = commit(checkout)
    assert len(before) == 12
    (checkout / "benchmarks" / "results" / "mint.json").write_text('{"rows": []}')
    (checkout / "notes.txt").write_text("")
    assert commit(checkout) == before


def test_changed_code_is_told(checkout: Path) -> None:
    before = commit(checkout)
    (checkout / "code.py").write_text("changed = True\n")
    assert commit(checkout) == f"{before}-dirty"
