"""The verifier beside the tampering at random places, which tests/contract/test_audit_tampering.py does."""

import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from limi.features.journal import InMemoryJournalStore, Selection, verifier
from limi.features.journal.export import export_lines
from limi.features.journal.verifier import Report, describe, load_keys, main, verify
from tests.unit.features.journal.harness import NOON, Facts, FakeClock
from tests.unit.features.journal.signing import (
    OTHER_KEY,
    export,
    make_signer,
    make_writer,
    verify_export,
    verify_store,
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(clock: FakeClock) -> InMemoryJournalStore:
    """Two writers, one after the other, of five rows each."""
    made, facts = InMemoryJournalStore(), Facts(clock)
    for number in (1, 2):
        writer = make_writer(made, clock, number)
        writer.append(facts.intents(5))
        writer.release()
    return made


def messages(report: Report) -> list[str]:
    return [str(problem) for problem in report.problems]


def forge(lines: list[bytes], number: int, before: bytes, after: bytes, through: int) -> list[bytes]:
    """Change a row as somebody would who knows the format: with its check, and the hashes up to `through`."""
    forged, last = list(lines), bytes(32)
    for at in range(through + 1):
        body = forged[at].partition(b',"seq":')[0]
        if at == number:
            body = body.replace(before, after)
        last = sha256(last + body).digest()
        line = body + b',"seq":%d,"hash":"%s"' % (at + 1, last.hex().encode())
        forged[at] = line + b',"check":"%s"}\n' % sha256(line).hexdigest()[:16].encode()
    return forged


def test_a_forged_row_is_named_by_the_row_after_it(store: InMemoryJournalStore, clock: FakeClock) -> None:
    forged = forge(export(store, clock), 2, b'"key:k1"', b'"key:k2"', through=2)
    report = verify_export(forged, clock)
    assert any("row 4: its hash does not fit its content and the row before" in each for each in messages(report))


def test_a_chain_that_was_computed_anew_fails_at_its_checkpoint(
    store: InMemoryJournalStore, clock: FakeClock
) -> None:
    forged = forge(export(store, clock), 2, b'"key:k1"', b'"key:k2"', through=4)
    report = verify_export(forged, clock)
    assert any("some of rows 1 to 5 of writer" in each for each in messages(report))
    assert any("the lines before the closing line are not those it signs" in each for each in messages(report))


def test_a_removed_writer_is_missed_by_the_checkpoints_of_others(
    store: InMemoryJournalStore, clock: FakeClock
) -> None:
    lines = export(store, clock)
    report = verify_export(lines[6:], clock)
    assert any("checkpoints 1 to 1 are missing before it" in each for each in messages(report))


def test_a_checkpoint_signed_with_another_key_is_refused(store: InMemoryJournalStore, clock: FakeClock) -> None:
    keys = load_keys(make_signer(clock, OTHER_KEY).public_pem.encode())
    report = verify(export(store, clock), keys)
    assert "checkpoint 1 is signed with the key" in messages(report)[0]
    assert "which was not given" in messages(report)[0]


def test_several_keys_may_be_given_since_keys_are_replaced(store: InMemoryJournalStore, clock: FakeClock) -> None:
    pems = [make_signer(clock, key).public_pem.encode() for key in (OTHER_KEY, bytes(range(32)))]
    assert verify(export(store, clock), load_keys(*pems)).sound
    assert verify(export(store, clock), load_keys(b"\n".join(pems))).sound


def test_rows_from_before_there_were_chains_are_said_to_be_unchained(clock: FakeClock) -> None:
    store, facts = InMemoryJournalStore(), Facts(clock)
    store.append(facts.intents(3), writer="old")
    writer = make_writer(store, clock)
    writer.append(facts.intents(2))
    writer.release()
    report = verify_store(store, clock)
    assert (report.problems, report.unchained, report.rows) == ([], 3, 5)
    assert "3 rows are unchained, from before there were chains" in list(describe(report))


def test_a_row_cannot_be_made_one_from_before_there_were_chains(clock: FakeClock) -> None:
    store, facts = InMemoryJournalStore(), Facts(clock)
    writer = make_writer(store, clock)
    writer.append(facts.intents(2))
    store.append(facts.intents(1), writer="old")
    assert messages(verify_store(store, clock)) == ["line 3, row 3: has no hash, though rows before it have one"]


def test_rows_after_the_last_checkpoint_are_counted(clock: FakeClock) -> None:
    store = InMemoryJournalStore()
    make_writer(store, clock).append(Facts(clock).intents(4))
    report = verify_store(store, clock)
    assert (report.problems, report.unsealed) == ([], 4)


def test_a_later_part_is_sound_by_itself_when_it_says_that_it_is_one(
    store: InMemoryJournalStore, clock: FakeClock
) -> None:
    part = list(export_lines(store, signer=make_signer(clock), now=NOON, after=3))
    assert verify_export(part, clock).problems == []
    assert not verify_export([*part[:1], *part[2:]], clock).sound


def test_a_selection_is_protected_by_its_closing_line_only(store: InMemoryJournalStore, clock: FakeClock) -> None:
    facts = Facts(clock, start=9_000_000)
    writer = make_writer(store, clock, 3)
    writer.append([facts.intent(), facts.minted(), facts.intent(), facts.minted()])
    chosen = Selection(event="token.generated")
    lines = list(export_lines(store, signer=make_signer(clock), now=NOON, selection=chosen))
    report = verify_export(lines, clock)
    assert (report.problems, report.rows, report.selection) == ([], 2, True)
    assert not verify_export(lines[1:], clock).sound


def test_an_export_that_is_not_signed_is_not_sound(store: InMemoryJournalStore, clock: FakeClock) -> None:
    report = verify_export(list(export_lines(store, signer=None, now=NOON)), clock)
    assert [each for each in messages(report) if "the closing line is not signed" in each]


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"null", b'{"n":1}', b"\xff", b'{"checkpoint":1}', b"[" * 100_000]
)
def test_a_line_that_is_none_is_a_problem_and_no_crash(
    store: InMemoryJournalStore, clock: FakeClock, line: bytes
) -> None:
    lines = export(store, clock)
    assert not verify_export([*lines[:3], line, *lines[3:]], clock).sound


def test_whatever_follows_the_closing_line_is_a_problem(store: InMemoryJournalStore, clock: FakeClock) -> None:
    lines = export(store, clock)
    assert messages(verify_export([*lines, lines[0]], clock)) == ["line 14: stands after the closing line"]


def test_a_copy_that_grows_has_no_closing_line_and_may_begin_anywhere(
    store: InMemoryJournalStore, clock: FakeClock
) -> None:
    lines = export(store, clock)[2:-1]
    assert verify_export(lines, clock, closed=False).sound
    assert not verify_export([lines[0], *lines[2:]], clock, closed=False).sound


@pytest.fixture
def files(tmp_path: Path, store: InMemoryJournalStore, clock: FakeClock) -> tuple[Path, Path]:
    log, key = tmp_path / "export.jsonl", tmp_path / "key.pem"
    log.write_bytes(b"".join(export(store, clock)))
    key.write_text(make_signer(clock).public_pem)
    return log, key


def test_it_runs_alone_without_limi(files: tuple[Path, Path], tmp_path: Path) -> None:
    """An auditor has a log, a key, and this one file."""
    alone = tmp_path / "elsewhere" / "verifier.py"
    alone.parent.mkdir()
    alone.write_text(Path(verifier.__file__).read_text())
    log, key = files
    run: Callable[[], subprocess.CompletedProcess[str]] = lambda: subprocess.run(  # noqa: E731, S603 - own command
        [sys.executable, "-P", str(alone), str(log), str(key)],
        capture_output=True,
        text=True,
        check=False,
        cwd=alone.parent,
    )
    sound = run()
    assert (sound.returncode, sound.stderr) == (0, "")
    assert sound.stdout.splitlines() == ["10 rows, 2 checkpoints", "sound"]
    log.write_bytes(log.read_bytes().replace(b'"key:k1"', b'"key:k2"', 1))
    tampered = run()
    assert tampered.returncode == 1
    assert "WRONG  line 1, row 1: its bytes are not those that were written" in tampered.stdout


def test_its_command_says_what_it_cannot_do(
    files: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, key = files
    assert main([str(log), str(key)]) == 0
    assert main(["--open", str(log), str(key)]) == 0
    assert main([str(log)]) == 2
    assert main([str(tmp_path / "none"), str(key)]) == 2
    assert main([str(log), str(log)]) == 2
    said = capsys.readouterr().err
    assert "usage:" in said
    assert "No such file" in said
    assert "no public key" in said


def test_the_report_is_bounded(clock: FakeClock) -> None:
    assert len(verify_export([b"{}\n"] * 5000, clock).problems) == 1000


def test_a_row_is_what_the_docs_say(store: InMemoryJournalStore, clock: FakeClock) -> None:
    row = json.loads(export(store, clock)[0])
    assert set(row) >= {"writer", "n", "seq", "hash", "check"}


def test_a_log_that_was_set_back_lacks_a_checkpoint_that_was_known(
    store: InMemoryJournalStore, clock: FakeClock
) -> None:
    keys = load_keys(make_signer(clock).public_pem.encode())
    lines = export(store, clock)[:-1]
    assert lines[11].startswith(b'{"checkpoint":2')
    assert verify(lines, keys, closed=False, known=lines[11]).sound
    report = verify(lines[:6], keys, closed=False, known=lines[11])
    assert messages(report) == [
        "line 6, row 5: the checkpoint that was known is not there: the log was set back, or rewritten"
    ]
