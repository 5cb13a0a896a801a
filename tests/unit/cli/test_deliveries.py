"""`limi webhook deliveries`, `attempts` and `replay`."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from limi.adapters.configuration import load_settings
from limi.adapters.sql import upgrade
from limi.features.webhooks.model import Attempt, DeliveryState, Settlement
from limi.kernel.clock import SystemClock
from limi.webhooks import sql_deliveries
from tests.architecture.log_watch import WATCH

Limi = Callable[..., Result]


@pytest.fixture
def limi(folder: Path, invoke: Callable[..., Result]) -> Limi:
    """Call `limi webhook` on a database of the test's own."""
    upgrade(f"sqlite:///{folder}/.limi/limi.db")
    return lambda *arguments: invoke("webhook", *arguments)


def _made(limi: Limi) -> str:
    body: Any = json.loads(limi("create", "https://hooks.example/", "--json").stdout)
    WATCH.register(body["secret"])
    webhook: str = body["webhook"]["id"]
    limi("test", webhook)
    return webhook


def _attempt(state: DeliveryState, status: int) -> None:
    """Make one attempt of everything that is due, as a server would."""

    async def work() -> None:
        kept, now = sql_deliveries(load_settings({})), SystemClock().now()
        try:
            claimed = await kept.store.claim(
                worker="w", now=now, lease_seconds=60, limit=100, per_endpoint=100, busy={}
            )
            settled = [
                Settlement(
                    claimed=one,
                    attempt=Attempt(
                        delivery_id=one.delivery_id, number=one.attempt, at=now, duration_ms=12, status=status
                    ),
                    state=state,
                )
                for one in claimed
            ]
            await kept.store.settle(settled, worker="w")
        finally:
            kept.close()

    asyncio.run(work())


def test_deliveries_are_a_table_or_one_document(limi: Limi) -> None:
    webhook = _made(limi)
    _attempt(DeliveryState.FAILED, 500)
    table = limi("deliveries", webhook).stdout
    assert all(text in table for text in ("webhook.test", "failed", "500"))
    (delivery,) = json.loads(limi("deliveries", webhook, "--state", "failed", "--json").stdout)
    assert (delivery["lastStatus"], delivery["attempts"]) == (500, 1)
    assert limi("deliveries", webhook, "--state", "pending").stdout == "There are no such deliveries.\n"


def test_no_more_are_shown_than_asked_for(limi: Limi) -> None:
    webhook = _made(limi)
    limi("test", webhook)
    assert len(json.loads(limi("deliveries", webhook, "--json").stdout)) == 2
    assert len(json.loads(limi("deliveries", webhook, "--limit", "1", "--json").stdout)) == 1


def test_attempts_are_a_table_or_one_document(limi: Limi) -> None:
    webhook = _made(limi)
    _attempt(DeliveryState.FAILED, 503)
    (delivery,) = json.loads(limi("deliveries", webhook, "--json").stdout)
    number = str(delivery["id"])
    assert "503" in limi("attempts", webhook, number).stdout
    (attempt,) = json.loads(limi("attempts", webhook, number, "--json").stdout)
    assert (attempt["number"], attempt["status"], attempt["durationMs"]) == (1, 503, 12)
    assert "no attempts of that delivery" in limi("attempts", webhook, "999").stdout


def test_one_all_failed_or_a_span_of_time_is_sent_again(limi: Limi) -> None:
    webhook = _made(limi)
    _attempt(DeliveryState.FAILED, 500)
    (delivery,) = json.loads(limi("deliveries", webhook, "--json").stdout)
    assert limi("replay", webhook, "--delivery", str(delivery["id"])).stdout == "1 delivery is sent again.\n"
    _attempt(DeliveryState.FAILED, 500)
    assert json.loads(limi("replay", webhook, "--failed", "--json").stdout) == {"replayed": 1}
    _attempt(DeliveryState.DELIVERED, 204)
    assert limi("replay", webhook, "--failed").stdout == "0 deliveries are sent again.\n"
    assert json.loads(limi("replay", webhook, "--since", "1h", "--json").stdout) == {"replayed": 1}
    assert json.loads(limi("replay", webhook, "--since", "2000-01-01", "--until", "1h", "--json").stdout) == {
        "replayed": 0
    }


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("deliveries", "whe_nobody"), 1, "limi: id: there is no webhook endpoint `whe_nobody`"),
        (("attempts", "whe_nobody", "1"), 1, "there is no webhook endpoint"),
        (("attempts", "whe_nobody", "0"), 2, "must be at least 1"),
        (("replay", "whe_nobody", "--failed"), 1, "there is no webhook endpoint"),
        (("replay", "whe_nobody"), 2, "give one of --delivery, --failed and --since"),
        (("replay", "whe_nobody", "--failed", "--since", "1h"), 2, "give one of"),
        (("replay", "whe_nobody", "--failed", "--until", "1h"), 2, "--until goes with --since"),
        (("replay", "whe_nobody", "--since", "1h", "--until", "2h"), 2, "--since must be before --until"),
        (("replay", "whe_nobody", "--since", "soon"), 2, "ISO 8601"),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    limi: Limi, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    result = limi(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert sentence in result.stderr
