"""`limi usage`."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.kernel.facts import MintFailed
from tests.unit.features.analytics.harness import Facts

Limi = Callable[..., Result]


@pytest.fixture
def limi(folder: Path, invoke: Limi) -> Limi:
    """Call `limi usage` on a database of the test's own, whose journal nobody has counted yet."""
    url = f"sqlite:///{folder}/.limi/limi.db"
    upgrade(url)
    journal, facts, now = SQLJournalStore(engine=open_engine(url)), Facts(), time.time()
    failed = facts.make(MintFailed, at=now - 300, tenant="beta", code="openai_timeout")
    journal.append([facts.make(at=now - 300), facts.make(at=now - 300), failed], writer="w")
    journal.close()
    return lambda *arguments: invoke("usage", *arguments)


def test_what_nobody_has_counted_is_counted_and_shown(limi: Limi) -> None:
    lines = limi("--by", "tenant").stdout.splitlines()
    assert [line.split()[1:4] for line in lines[2:]] == [["acme", "2", "0"], ["beta", "0", "1"]]


def test_one_line_has_its_measures_below_each_other(limi: Limi) -> None:
    lines = dict(line.rsplit(maxsplit=1) for line in limi().stdout.splitlines())
    assert (lines["mints succeeded"], lines["mints failed"]) == ("2", "1")


def test_measures_that_no_line_has_take_no_place(limi: Limi) -> None:
    heading = limi("--by", "tenant").stdout.splitlines()[0]
    assert "mints failed" in heading
    assert "connections" not in heading


def test_programs_are_told_in_json(limi: Limi) -> None:
    told = json.loads(limi("--json", "--by", "code", "--tenant", "beta").stdout)
    assert [(point["code"], point["mints"]["failed"]) for point in told["points"]] == [("openai_timeout", 1)]


def test_spreadsheets_are_told_in_csv(limi: Limi) -> None:
    header, line = limi("--csv").stdout.splitlines()
    assert header.startswith("start,mints_succeeded")
    assert line.split(",")[1:3] == ["2", "1"]


def test_a_time_without_anything_says_so(limi: Limi) -> None:
    assert limi("--since", "2020-01-01", "--until", "2020-01-02").stdout == "Nothing was counted in that time.\n"


def test_too_much_is_refused_with_a_sentence(limi: Limi) -> None:
    result = limi("--bucket", "minute", "--since", "30d")
    assert result.exit_code == 2
    assert "more than 5000 points" in result.stderr


def test_everything_can_be_counted_anew(limi: Limi) -> None:
    before = limi("--csv", "--by", "tenant").stdout
    assert limi("rebuild", "--yes").stdout == "3 rows were counted.\n"
    assert limi("--csv", "--by", "tenant").stdout == before
    assert limi("rebuild").exit_code == 2


def test_a_folder_without_a_database_is_no_place_for_one(
    folder: Path, run_main: Callable[..., tuple[object, str, str]]
) -> None:
    code, _, errors = run_main("usage")
    assert code == 2
    assert "There is no database" in errors
    assert not (folder / ".limi").exists()
