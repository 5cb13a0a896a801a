"""The framework's routes as one application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from litestar import get
from litestar.params import FromPath

from limi.http.errors import Refusal
from limi.http.routes import make_routes
from tests.unit.http.harness import call, make_scope


@get("/things/{number:int}")
async def _thing(number: FromPath[int]) -> dict[str, int]:
    return {"number": number}


@get("/broken")
async def _broken() -> None:
    raise KeyError("a bug")


@get("/refused")
async def _refused() -> None:
    raise Refusal("forbidden")


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


_ROUTES = make_routes(handlers=[_thing, _broken, _refused], lifespan=_nothing)


async def _code(method: str, path: str, kind: str = "http") -> Refusal:
    with pytest.raises(Refusal) as refused:
        await call(_ROUTES, make_scope(method, path, kind=kind))
    return refused.value


async def test_a_route_answers() -> None:
    answer = await call(_ROUTES, make_scope("GET", "/things/7"))
    assert (answer.status, answer.json) == (200, {"number": 7})


async def test_what_the_framework_finds_wrong_is_a_refusal() -> None:
    assert (await _code("GET", "/nothing")).code == "not_found"
    assert (await _code("GET", "/things/seven")).code in {"not_found", "invalid_request"}
    wrong_method = await _code("POST", "/broken")
    assert wrong_method.code == "method_not_allowed"
    assert set(dict(wrong_method.headers)[b"allow"].split(b", ")) == {b"GET", b"OPTIONS"}


async def test_errors_of_a_handler_leave_as_they_are() -> None:
    assert (await _code("GET", "/refused")).code == "forbidden"
    with pytest.raises(KeyError):
        await call(_ROUTES, make_scope("GET", "/broken"))


async def test_a_head_is_answered_like_a_get() -> None:
    assert (await call(_ROUTES, make_scope("HEAD", "/things/7"))).status == 200
    assert (await _code("HEAD", "/nothing")).code == "not_found"


@pytest.mark.parametrize("path", ["/nothing", "/things/7"])
async def test_no_route_is_a_socket(path: str) -> None:
    assert (await _code("GET", path, "websocket")).code == "not_found"
