"""`limi webhook`, but for deliveries and `listen`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from limi.adapters.sql import upgrade
from tests.architecture.log_watch import WATCH

Limi = Callable[..., Result]
_URL = "https://hooks.example/limi"


@pytest.fixture
def limi(folder: Path, invoke: Callable[..., Result]) -> Limi:
    """Call `limi webhook` on a database of the test's own."""
    upgrade(f"sqlite:///{folder}/.limi/limi.db")
    invoke("tenant", "create", "acme")
    return lambda *arguments: invoke("webhook", *arguments)


def _made(limi: Limi, *arguments: str) -> tuple[str, str]:
    body: Any = json.loads(limi("create", _URL, *arguments, "--json").stdout)
    WATCH.register(body["secret"])
    return body["webhook"]["id"], body["secret"]


def test_the_secret_stands_alone_on_the_output(limi: Limi) -> None:
    loud, quiet = limi("create", _URL), limi("create", _URL, "--quiet")
    for result in (loud, quiet):
        assert result.exit_code == 0
        (secret,) = result.stdout.splitlines()
        assert secret.startswith("whsec_")
        WATCH.register(secret)
    assert "shown this once" in loud.stderr
    assert quiet.stderr == ""


def test_what_is_made_is_what_was_asked_for(limi: Limi) -> None:
    webhook, secret = _made(
        limi,
        *("--event", "token.generated", "--event", "key.created", "--tenant", "acme", "--description", "billing"),
    )
    shown = limi("show", webhook, "--json")
    body = json.loads(shown.stdout)
    assert (body["url"], body["events"]) == (_URL, ["key.created", "token.generated"])
    assert (body["tenant"], body["description"], body["status"]) == ("acme", "billing", "enabled")
    assert secret not in shown.stdout
    assert f"{'url':<15}  {_URL}" in limi("show", webhook).stdout


def test_the_list_is_a_table_without_secrets(limi: Limi) -> None:
    assert "There are no endpoints" in limi("list").stdout
    webhook, secret = _made(limi, "--description", "billing")
    result = limi("list")
    assert all(text in result.stdout for text in (webhook, _URL, "enabled", "all", "billing"))
    assert secret not in result.stdout
    assert json.loads(limi("list", "--tenant", "acme", "--json").stdout) == []


def test_a_change_leaves_what_is_not_given(limi: Limi) -> None:
    webhook, _ = _made(limi, "--event", "key.created", "--description", "billing")
    assert (
        limi("update", webhook, "--url", "https://b.example/").stdout == f"The endpoint {webhook} was changed.\n"
    )
    body = json.loads(limi("update", webhook, "--all-events", "--json").stdout)
    assert (body["url"], body["events"], body["description"]) == ("https://b.example/", None, "billing")


def test_it_is_disabled_enabled_and_deleted(limi: Limi) -> None:
    webhook, _ = _made(limi)
    assert limi("disable", webhook).stdout == f"The endpoint {webhook} is disabled.\n"
    assert "operator" in limi("list").stdout
    refused = limi("test", webhook)
    assert (refused.exit_code, refused.stderr) == (1, "limi: id: is disabled; enable it first\n")
    assert limi("enable", webhook).exit_code == 0
    assert limi("delete", webhook).exit_code == 2, "nobody could be asked"
    assert limi("delete", webhook, "--yes").stdout == f"The endpoint {webhook} is gone.\n"
    assert limi("show", webhook).exit_code == 1


def test_a_rotation_prints_the_new_secret(limi: Limi) -> None:
    webhook, old = _made(limi)
    result = limi("rotate", webhook, "--quiet")
    (new,) = result.stdout.splitlines()
    WATCH.register(new)
    assert new != old
    assert json.loads(limi("show", webhook, "--json").stdout)["previousUntil"]
    refused = limi("rotate", webhook, "--overlap-seconds", "0")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert limi("rotate", webhook, "--overlap-seconds", "0", "--yes", "--quiet").exit_code == 0
    assert json.loads(limi("show", webhook, "--json").stdout)["previousUntil"] is None


def test_a_test_event_is_queued_for_the_server_to_send(limi: Limi) -> None:
    webhook, _ = _made(limi, "--event", "key.created")
    message = json.loads(limi("test", webhook, "--json").stdout)["message"]
    assert "is on its way" in limi("test", webhook).stdout
    (delivery,) = json.loads(limi("deliveries", webhook, "--message", message, "--json").stdout)
    assert (delivery["type"], delivery["state"]) == ("webhook.test", "pending")


def test_every_change_is_in_the_audit_log_without_the_secret(limi: Limi, invoke: Callable[..., Result]) -> None:
    webhook, secret = _made(limi)
    limi("rotate", webhook, "--quiet")
    limi("delete", webhook, "--yes")
    exported = invoke("audit", "export", "--subject", f"webhook:{webhook}").stdout
    events = [line["event"] for line in map(json.loads, exported.splitlines()) if "event" in line]
    assert events == ["webhook.created", "webhook.rotated", "webhook.deleted"]
    assert secret not in exported
    assert "/limi" not in exported, "a URL's path may be a secret of the receiver's"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("show", "whe_nobody"), 1, "limi: id: there is no webhook endpoint `whe_nobody`"),
        (("create", "http://hooks.example"), 1, "limi: url: must begin with https"),
        (("create", "https://10.0.0.1/"), 1, "ALLOW_PRIVATE_ADDRESSES=true"),
        (("create", _URL, "--event", "token.made"), 1, "limi: events: must name some of"),
        (("create", _URL, "--tenant", "nobody"), 1, "limi: tenant: must be a tenant that is there"),
        (("update", "whe_nobody"), 2, "nothing to change"),
        (("update", "whe_nobody", "--event", "key.created", "--all-events"), 2, "are both given"),
        (("create",), 2, "Missing argument"),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    limi: Limi, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    result = limi(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert sentence in result.stderr
