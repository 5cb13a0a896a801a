"""The admin route, called as a server would."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from limi.kernel.secret import Secret
from limi.sandbox.faults.routes import FaultRoutes
from limi.sandbox.faults.rules import FaultRules

_PATH = "/v1/_limi/faults"
_KEY = {"authorization": "Bearer sk-any"}
Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def ask(call: Any) -> Ask:
    routes = FaultRoutes(rules=FaultRules(limit=3), api_key=None)

    async def ask(method: str, path: str = _PATH, body: Any = None, headers: Any = None) -> tuple[int, Any]:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answered = await call(routes, method, path, body=content, headers=_KEY if headers is None else headers)
        return answered.status, answered.json

    return ask


def test_it_answers_below_one_path_only() -> None:
    assert FaultRoutes.has(_PATH)
    assert FaultRoutes.has(f"{_PATH}/fault_1")
    assert not FaultRoutes.has(f"{_PATH}s")
    assert not FaultRoutes.has("/v1/models")


async def test_rules_are_added_listed_and_deleted(ask: Ask) -> None:
    rule = {"where": "mint", "what": "refuse", "status": 429}
    status, added = await ask("POST", body=rule)
    assert status == 201
    shown = {"object": "limi.fault", "id": "fault_1", **rule, "seen": 0, "applied": 0}
    assert added == {"object": "list", "data": [shown]}
    await ask("POST", body=[{"where": "socket", "what": "drop"}, {"where": "models", "what": "drop"}])
    assert [held["id"] for held in (await ask("GET"))[1]["data"]] == ["fault_1", "fault_2", "fault_3"]
    assert (await ask("DELETE", f"{_PATH}/fault_2")) == (
        200,
        {"object": "limi.fault", "id": "fault_2", "deleted": True},
    )
    assert (await ask("DELETE", f"{_PATH}/fault_2"))[0] == 404
    assert (await ask("DELETE"))[0] == 200
    assert (await ask("GET"))[1]["data"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", _PATH, {}, 405, "method_not_supported"),
        ("POST", f"{_PATH}/fault_1", {}, 405, "method_not_supported"),
        ("POST", _PATH, b"{", 400, "invalid_json"),
        ("POST", _PATH, b" " * 65_537, 413, "request_too_large"),
        ("POST", _PATH, {"where": "mint"}, 400, "missing_required_parameter"),
        ("POST", _PATH, [{"where": "mint", "what": "drop"}] * 4, 400, "too_many_faults"),
    ],
)
async def test_what_cannot_be_done_is_refused(
    ask: Ask, method: str, path: str, body: Any, status: int, code: str
) -> None:
    answered, error = await ask(method, path, body)
    assert (answered, error["error"]["code"]) == (status, code)


@pytest.mark.parametrize("key", [None, "Basic abc", "Bearer ek_1"])
async def test_a_key_is_asked_for_so_that_no_page_in_a_browser_can_post_by_itself(
    ask: Ask, key: str | None
) -> None:
    status, error = await ask("GET", headers={"authorization": key} if key else {})
    assert (status, error["error"]["code"]) == (401, "invalid_api_key")


async def test_a_sandbox_with_a_key_of_its_own_wants_that(call: Any) -> None:
    routes = FaultRoutes(rules=FaultRules(), api_key=Secret("sk-right"))
    assert (await call(routes, "GET", _PATH, headers=_KEY)).status == 401
    assert (await call(routes, "GET", _PATH, headers={"authorization": "Bearer sk-right"})).status == 200
