import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from limi.adapters.configuration import load_settings
from limi.adapters.sql import SQLJournalStore, create_database_file, open_engine, upgrade
from limi.audit import make_privacy, make_signer
from limi.cli.audit import audit_app, follow, write_audit
from limi.features.journal import Selection
from limi.features.journal.lease import WriterLease
from limi.kernel.facts import Origin
from limi.kernel.secret import Secret
from tests.unit.features.journal.harness import CountingIds, Facts, FakeClock

ROOT = "ab" * 32
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
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows[-1]["export"] == "end"
    return [row["seq"] for row in rows if "seq" in row]


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
    "arguments", [["--since", "yesterday"], ["--event", "token.eaten"], ["--after", "-1"], ["--format", "xml"]]
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


def test_a_reader_that_stops_reading_hears_no_complaint(url: str, tmp_path: Path) -> None:
    store = SQLJournalStore(engine=open_engine(url))
    store.append(Facts(start=5_000_000).intents(3000), writer="w")
    store.close()
    code = "from limi.cli.audit import audit_app; audit_app(['export'])"
    root = tmp_path / "root"
    root.write_text("ab" * 32)
    environ = os.environ | {
        "LIMI_DATABASE_URL": url,
        "LIMI_SECRET_KEY_FILE": str(root),
        "PYTHONPATH": str(SOURCE),
    }
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
    assert out.getvalue().count(b"\n") == 2


@pytest.fixture
def sealed(tmp_path: Path) -> dict[str, str]:
    """A database whose writer has stopped, and the root it signs with."""
    url, root = f"sqlite:///{tmp_path}/sealed.db", tmp_path / "root"
    root.write_text(ROOT)
    upgrade(url)
    store, clock = SQLJournalStore(engine=open_engine(url)), FakeClock()
    signer = make_signer(Secret(ROOT), clock=clock)
    writer = WriterLease(store=store, clock=clock, ids=CountingIds(), seconds=15, signer=signer)
    facts = Facts(clock)
    writer.append([facts.intent(), facts.minted(origin=Origin(request_id="=1+1", caller="ip:192.0.2.1"))])
    writer.release()
    store.close()
    return {"LIMI_DATABASE_URL": url, "LIMI_SECRET_KEY_FILE": str(root)}


def run(environ: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(audit_app, [*arguments], env=environ)


def test_the_database_is_verified(sealed: dict[str, str]) -> None:
    result = run(sealed, "verify")
    assert (result.exit_code, result.stdout.splitlines()) == (0, ["2 rows, 1 checkpoints", "sound"])


def test_a_row_that_was_changed_is_named(sealed: dict[str, str]) -> None:
    with sqlite3.connect(sealed["LIMI_DATABASE_URL"].removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE journal SET caller = 'key:other' WHERE seq = 2")
    connection.close()
    result = run(sealed, "verify")
    assert result.exit_code == 1
    assert "row 2: its hash does not fit" in result.stdout


def test_an_export_is_verified_with_the_public_key_alone(sealed: dict[str, str], tmp_path: Path) -> None:
    log, key = tmp_path / "log.jsonl", tmp_path / "key.pem"
    log.write_bytes(run(sealed, "export").stdout_bytes)
    key.write_text(run(sealed, "public-key").stdout)
    elsewhere = {"LIMI_SECRET_KEY_FILE": str(tmp_path / "none")}
    assert run(elsewhere, "verify", str(log), "--key", str(key)).exit_code == 0
    assert run(sealed, "verify", str(log)).exit_code == 0
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    assert run(sealed, "verify", str(log)).exit_code == 1
    assert run(sealed, "verify", str(log), "--open").exit_code == 0


def test_a_database_that_was_set_back_is_found_by_an_earlier_export(
    sealed: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(run(sealed, "export").stdout_bytes)
    assert run(sealed, "verify", "--known", str(log)).exit_code == 0
    with sqlite3.connect(sealed["LIMI_DATABASE_URL"].removeprefix("sqlite:///")) as connection:
        connection.execute("DELETE FROM journal WHERE seq > 1")
        connection.execute("DELETE FROM checkpoints")
    connection.close()
    assert run(sealed, "verify").exit_code == 0
    result = run(sealed, "verify", "--known", str(log))
    assert (result.exit_code, "was set back" in result.stdout) == (1, True)
    assert run(sealed, "verify", "--known", sealed["LIMI_SECRET_KEY_FILE"]).exit_code == 2


def test_without_a_root_nobody_can_say_which_key_signs(sealed: dict[str, str], tmp_path: Path) -> None:
    elsewhere = sealed | {"LIMI_SECRET_KEY_FILE": str(tmp_path / "none")}
    for arguments in (["verify"], ["public-key"]):
        result = run(elsewhere, *arguments)
        assert result.exit_code == 2
        assert "no root key here" in result.stderr
    assert not (tmp_path / "none").exists()
    assert "not signed" in run(elsewhere, "export").stderr


def test_a_key_file_without_a_key_is_a_sentence(sealed: dict[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    result = run(sealed, "verify", "--key", str(empty))
    assert (result.exit_code, "no public key" in result.stderr) == (2, True)


def test_a_table_for_spreadsheets_cannot_run_what_callers_sent(sealed: dict[str, str]) -> None:
    rows = list(csv.DictReader(io.StringIO(run(sealed, "export", "--format", "csv").stdout)))
    assert [row["seq"] for row in rows] == ["1", "2"]
    assert rows[1]["requestId"] == "'=1+1"
    assert rows[1]["tenant"] == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--tenant", "acme"], [1]),
        (["--caller", "ip:192.0.2.1"], [2]),
        (["--subject", "key:none"], []),
    ],
)
def test_it_is_asked_by_who_and_what(sealed: dict[str, str], arguments: list[str], expected: list[int]) -> None:
    assert seqs(run(sealed, "export", *arguments)) == expected


def test_a_caller_is_asked_for_by_address_where_only_a_hash_is_kept(sealed: dict[str, str]) -> None:
    environ = sealed | {"LIMI_AUDIT_IP": "hmac"}
    name = make_privacy(load_settings(environ), Secret(ROOT)).caller("ip:192.0.2.1")
    store = SQLJournalStore(engine=open_engine(sealed["LIMI_DATABASE_URL"]))
    store.append([Facts(start=7_000_000).intent(origin=Origin(request_id="r", caller=name))], writer="w")
    store.close()
    assert seqs(run(environ, "export", "--caller", "ip:192.0.2.1")) == [3]


def test_the_tail_is_the_last_entries_one_a_line(sealed: dict[str, str]) -> None:
    (line,) = run(sealed, "tail", "-n", "1").stdout.splitlines()
    assert line.split() == ["2027-01-15T08:00:00.000Z", "token.generated", "ip:192.0.2.1", "sess_1"]
    (row,) = run(sealed, "tail", "-n", "1", "--json").stdout.splitlines()
    assert json.loads(row)["seq"] == 2
    assert len(run(sealed, "tail").stdout.splitlines()) == 2


def test_whoever_follows_sees_what_comes(sealed: dict[str, str]) -> None:
    store = SQLJournalStore(engine=open_engine(sealed["LIMI_DATABASE_URL"]))
    facts, pauses = Facts(start=8_000_000), []

    def write(seconds: float) -> None:
        pauses.append(seconds)
        store.append(facts.intents(1), writer="w")

    entries = follow(store, Selection(), 1, sleep=write)
    assert [next(entries).seq for _ in range(4)] == [2, 3, 4, 5]
    assert pauses == [0.5] * 3
    store.close()
