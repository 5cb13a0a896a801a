"""`limi stats`."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from typer.testing import Result

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.kernel.facts import KeyMinted, Origin


def _hand_out(url: str, tenant: str | None, number: int) -> None:
    now = time.time()
    origin = Origin(request_id="r", caller="key:a", tenant=tenant)
    facts = [
        KeyMinted(id=f"{tenant}-{n}".ljust(32, "0")[:32], at=now, origin=origin, expires_at=int(now) + 600)
        for n in range(number)
    ]
    store = SQLJournalStore(engine=open_engine(url))
    store.append(facts, writer="w")
    store.close()


def test_live_keys_are_counted_by_tenant(folder: Path, invoke: Callable[..., Result]) -> None:
    url = f"sqlite:///{folder}/.limi/limi.db"
    upgrade(url)
    for tenant in ("acme", "beta"):
        invoke("tenant", "create", tenant)
    _hand_out(url, "acme", 2)
    _hand_out(url, "beta", 1)
    _hand_out(url, None, 3)
    invoke("tenant", "suspend", "beta")
    rows = [line.split() for line in invoke("stats").stdout.splitlines()[2:]]
    assert rows == [["acme", "active", "2"], ["beta", "suspended", "0"], ["all", "callers", "–", "5"]]
    assert json.loads(invoke("stats", "--json").stdout)["liveTokens"] == 5


def test_json_is_what_the_api_answers(folder: Path, invoke: Callable[..., Result]) -> None:
    upgrade(f"sqlite:///{folder}/.limi/limi.db")
    answer = msgspec.json.decode(invoke("stats", "--json").stdout)
    assert answer == {"liveTokens": 0, "tenants": [], "next": None}
