"""`limi key`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from limi.adapters.sql import upgrade
from tests.architecture.log_watch import WATCH

Limi = Callable[..., Result]


@pytest.fixture
def limi(folder: Path, invoke: Callable[..., Result]) -> Limi:
    """Call `limi key` on a database of the test's own."""
    upgrade(f"sqlite:///{folder}/.limi/limi.db")
    invoke("tenant", "create", "acme")
    return lambda *arguments: invoke("key", *arguments)


def _made(limi: Limi, *arguments: str) -> tuple[str, str]:
    body: Any = json.loads(limi("create", *arguments, "--json").stdout)
    WATCH.register(body["secret"])
    return body["key"]["id"], body["secret"]


def test_the_token_stands_alone_on_the_output(limi: Limi) -> None:
    loud, quiet = limi("create", "web"), limi("create", "web", "--quiet")
    for result in (loud, quiet):
        assert result.exit_code == 0
        (token,) = result.stdout.splitlines()
        assert token.startswith("limi_sk_")
    assert "shown this once" in loud.stderr
    assert quiet.stderr == ""


def test_what_is_made_is_what_was_asked_for(limi: Limi) -> None:
    options = {
        "--scope": ["mint", "stats"],
        "--tenant": ["acme"],
        "--origin": ["https://app.example.com"],
        "--model": ["gpt-realtime"],
        "--profile": ["default"],
        "--max-ttl-seconds": ["60"],
        "--tokens-per-minute": ["5"],
        "--expires": ["2100-01-01"],
    }
    key_id, _ = _made(
        limi, "web", *(word for name, values in options.items() for v in values for word in (name, v))
    )
    shown = json.loads(limi("show", key_id, "--json").stdout)
    assert shown["scopes"] == ["mint", "stats"]
    assert shown["tenant"] == "acme"
    assert shown["origins"] == ["https://app.example.com"]
    assert (shown["models"], shown["profiles"]) == (["gpt-realtime"], ["default"])
    assert (shown["maxTtlSeconds"], shown["tokensPerMinute"]) == (60, 5)
    assert shown["expiresAt"] == "2100-01-01T00:00:00.000Z"
    assert shown["createdBy"] == "system"


def test_the_list_is_a_table_without_tokens(limi: Limi) -> None:
    assert "There are no keys" in limi("list").stdout
    key_id, token = _made(limi, "web app")
    result = limi("list")
    assert f"limi_sk_{key_id}" in result.stdout
    assert "web app" in result.stdout
    assert token not in result.stdout
    assert json.loads(limi("list", "--tenant", "acme", "--json").stdout) == []


def test_a_key_is_named_by_its_id_its_prefix_or_its_token(limi: Limi) -> None:
    key_id, token = _made(limi, "web")
    for name in (key_id, f"limi_sk_{key_id}", token):
        assert f"limi_sk_{key_id}" in limi("show", name).stdout


def test_a_rotation_prints_the_new_token(limi: Limi) -> None:
    key_id, old = _made(limi, "web")
    result = limi("rotate", key_id, "--overlap-seconds", "60", "--quiet")
    (new,) = result.stdout.splitlines()
    assert new.startswith(f"limi_sk_{key_id}_")
    assert new != old
    assert json.loads(limi("show", key_id, "--json").stdout)["previousUntil"]


def test_without_an_overlap_a_rotation_is_asked_about(limi: Limi) -> None:
    key_id, _ = _made(limi, "web")
    refused = limi("rotate", key_id)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert limi("rotate", key_id, "--yes").exit_code == 0


def test_a_revocation_is_asked_about_and_is_for_ever(limi: Limi) -> None:
    key_id, _ = _made(limi, "web")
    assert limi("revoke", key_id).exit_code == 2
    assert json.loads(limi("show", key_id, "--json").stdout)["status"] == "active"
    assert limi("revoke", key_id, "--yes").stdout == f"The key limi_sk_{key_id} is revoked.\n"
    assert json.loads(limi("revoke", key_id, "--yes", "--json").stdout)["status"] == "revoked"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("show", "aaaaaaaa"), 1, "limi: id: there is no key `aaaaaaaa`"),
        (("create", "web", "--tenant", "nobody"), 1, "limi: tenant: must be the id of a tenant"),
        (("create", "a\nb"), 1, "limi: name: must be 1–100 characters"),
        (("create", "web", "--scope", "all"), 2, "--scope"),
        (("create", "web", "--expires", "soon"), 2, "--expires"),
        (("create", "web", "--expires", "2020-01-01"), 1, "limi: expires_at: must be in the future"),
        (("create",), 2, "Missing argument"),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    limi: Limi, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    result = limi(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert sentence in result.stderr
