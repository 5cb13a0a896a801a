"""The framework's routes as one application, whose errors the envelope answers like all others."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol, cast

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from limi.http.asgi import ASGIApp, Receive, Scope, Send
from limi.http.errors import Refusal

__all__ = ["RouteGroup", "all_handlers", "make_routes"]

_CODES: Final = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed"}
"""What the framework itself can find wrong with a request."""


class RouteGroup(Protocol):
    """Routes of one subject."""

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return them, made anew: an application of the framework keeps what it is given."""


def all_handlers(groups: Iterable[RouteGroup]) -> list[HTTPRouteHandler]:
    """Return the routes of several subjects."""
    return [handler for group in groups for handler in group.handlers()]


def make_routes(
    *,
    handlers: Sequence[HTTPRouteHandler],
    lifespan: Callable[[], AbstractAsyncContextManager[None]],
) -> ASGIApp:
    """Return the application below the envelope, which answers whatever error leaves it.

    Args:
        handlers: the routes.
        lifespan: what runs from the server's start to its stop.
    """
    app = Litestar(
        # First, or Litestar makes its own for the first handler of the path.
        [*_options(handlers), *handlers],
        openapi_config=None,
        # Litestar's own would take the root logger away from `limi.adapters.telemetry.logs`.
        logging_config=None,
        lifespan=[lambda _: lifespan()],
        exception_handlers={HTTPException: _from_framework, Exception: _let_through},
    )
    return _before_framework(cast("ASGIApp", app))


def _options(handlers: Sequence[HTTPRouteHandler]) -> Iterator[HTTPRouteHandler]:
    """Answer OPTIONS with every method of a path; Litestar's own answer knows the path's first handler only."""
    known: dict[str, list[str]] = {}
    for handler in handlers:
        for path in handler.paths:
            known.setdefault(path, []).extend(handler.http_methods)
    for path, methods in known.items():
        if len(methods) > 1:
            yield _options_handler(path, ", ".join(sorted([*methods, "OPTIONS"])))


def _options_handler(path: str, allow: str) -> HTTPRouteHandler:
    async def options() -> Response[None]:
        return Response(None, status_code=204, headers={"allow": allow})

    return HTTPRouteHandler(path, http_method="OPTIONS", status_code=204, include_in_schema=False)(options)


def _before_framework(app: ASGIApp) -> ASGIApp:
    """Answer what Litestar would answer otherwise than we promise."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # There are sockets below the mounts only; Litestar would close the handshake with a bare 403.
            raise Refusal("not_found")
        if scope.get("method") == "HEAD":
            # Whatever can be got has a head (RFC 9110 §9.1). The server, which has the scope itself and not this
            # copy, leaves the body out.
            asked, scope = scope, {**scope, "method": "GET"}
            try:
                await app(scope, receive, send)
            finally:
                # For the metrics, whose scope is the one that was asked with.
                asked["path_template"] = scope.get("path_template", "none")
            return
        await app(scope, receive, send)

    return answer


def _from_framework(_: Request[Any, Any, Any], exc: HTTPException) -> Response[Any]:
    allow = (exc.headers or {}).get("Allow") or (exc.headers or {}).get("allow")
    headers = ((b"allow", allow.encode()),) if allow else ()
    raise Refusal(_CODES.get(exc.status_code, "internal_error"), headers=headers) from exc


def _let_through(_: Request[Any, Any, Any], exc: Exception) -> Response[Any]:
    raise exc
