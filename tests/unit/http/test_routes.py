"""The framework's routes as one application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from litestar import delete, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from limi.http.errors import Refusal
from limi.http.routes import all_handlers, make_routes
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


@delete("/things/{number:int}", status_code=200)
async def _no_thing(number: FromPath[int]) -> dict[str, int]:
    return {"gone": number}


_ROUTES = make_routes(handlers=[_thing, _broken, _refused, _no_thing], lifespan=_nothing)


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


@pytest.mark.parametrize(
    ("path", "methods"), [("/things/7", {"GET", "DELETE", "OPTIONS"}), ("/broken", {"GET", "OPTIONS"})]
)
async def test_options_tells_every_method_of_a_path(path: str, methods: set[str]) -> None:
    answer = await call(_ROUTES, make_scope("OPTIONS", path))
    assert (answer.status, answer.body) == (204, b"")
    assert set(answer.headers["allow"].split(", ")) == methods
    wrong_method = await _code("PUT", path)
    assert set(dict(wrong_method.headers)[b"allow"].decode().split(", ")) == methods


def test_routes_of_several_subjects_are_put_together() -> None:
    class One:
        def handlers(self) -> list[HTTPRouteHandler]:
            return [_thing]

    class Two:
        def handlers(self) -> list[HTTPRouteHandler]:
            return [_broken, _refused]

    assert all_handlers([One(), Two()]) == [_thing, _broken, _refused]


async def test_errors_of_a_handler_leave_as_they_are() -> None:
    assert (await _code("GET", "/refused")).code == "forbidden"
    with pytest.raises(KeyError):
        await call(_ROUTES, make_scope("GET", "/broken"))


async def test_a_head_is_answered_like_a_get() -> None:
    assert (await call(_ROUTES, make_scope("HEAD", "/things/7"))).status == 200
    assert (await _code("HEAD", "/nothing")).code == "not_found"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_template_of_the_route_is_left_for_whoever_counts(method: str) -> None:
    scope = make_scope(method, "/things/7")
    await call(_ROUTES, scope)
    assert scope["path_template"] == "/things/{number}"


@pytest.mark.parametrize("path", ["/nothing", "/things/7"])
async def test_no_route_is_a_socket(path: str) -> None:
    assert (await _code("GET", path, "websocket")).code == "not_found"
