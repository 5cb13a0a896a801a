import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from limi.adapters.sql import SQLJournalStore, create_database_file, open_engine, upgrade
from limi.cli.audit import audit_app, write_audit
from limi.features.journal import Selection
from limi.kernel.facts import Origin
from tests.unit.features.journal.harness import Facts, FakeClock

SOURCE = Path(__file__).parents[3] / "src"


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LIMI_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path}/limi.db"
    upgrade(made)
    clock = FakeClock()
    facts, store = Facts(clock), SQLJournalStore(engine=open_engine(made))
    store.append([intent := facts.intent(), facts.minted(intent)], writer="w")
    clock.advance(3600)
    store.append(
        [facts.intent(origin=Origin(request_id="r2", caller="ip:192.0.2.1", user_agent="Grüße 🎙"))], writer="w"
    )
    store.close()
    return made


def export(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(audit_app, ["export", *arguments], env={"LIMI_DATABASE_URL": url})


def seqs(result: Result) -> list[int]:
    assert result.exit_code == 0, result.output
    return [json.loads(line)["seq"] for line in result.stdout.splitlines()]


def test_it_prints_one_json_object_a_line_oldest_first(url: str) -> None:
    result = export(url, "--format", "jsonl")
    assert seqs(result) == [1, 2, 3]
    assert json.loads(result.stdout.splitlines()[2])["userAgent"] == "Grüße 🎙"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--after", "1"], [2, 3]),
        (["--event", "token.generated"], [2]),
        (["--since", "2027-01-15T09:00:00Z"], [3]),
        (["--since", "2027-01-15T09:00:00"], [3]),
        (["--since", "2027-01-15T10:00:00+01:00"], [3]),
        (["--until", "2027-01-15T09:00:00Z"], [1, 2]),
        (["--since", "2027-01-16"], []),
    ],
)
def test_it_prints_what_was_selected(url: str, arguments: list[str], expected: list[int]) -> None:
    assert seqs(export(url, *arguments)) == expected


@pytest.mark.parametrize(
    "arguments", [["--since", "yesterday"], ["--event", "token.eaten"], ["--after", "-1"], ["--format", "csv"]]
)
def test_an_option_that_does_not_fit_is_refused_by_name(url: str, arguments: list[str]) -> None:
    result = export(url, *arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.output


def test_a_missing_database_is_a_sentence_and_is_not_made(tmp_path: Path) -> None:
    result = export(f"sqlite:///{tmp_path}/none.db")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no database at" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_tables_is_a_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    create_database_file(url)
    result = export(url)
    assert result.exit_code == 1
    assert "no tables of Limi" in result.stderr


def test_a_reader_that_stops_reading_hears_no_complaint(url: str) -> None:
    store = SQLJournalStore(engine=open_engine(url))
    store.append(Facts(start=5_000_000).intents(3000), writer="w")
    store.close()
    code = "from limi.cli.audit import audit_app; audit_app(['export'])"
    environ = os.environ | {"LIMI_DATABASE_URL": url, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ) as process:  # noqa: S603
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["seq"] == 1
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_lines_are_written_as_they_are_read(url: str) -> None:
    out = io.BytesIO()
    write_audit(url, out, selection=Selection(event="token.generated"))
    assert out.getvalue().count(b"\n") == 1
