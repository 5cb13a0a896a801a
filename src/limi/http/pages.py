"""What a person sees: the front page, a page for each error code, and the API's documentation."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import escape
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from limi.http import html
from limi.http.asgi import scope_of
from limi.http.context import context_of
from limi.kernel.errors import CATALOGUE, ErrorEntry

__all__ = ["PageRoutes", "error_page"]


class PageRoutes:
    """The handlers, given what they show."""

    def __init__(
        self,
        *,
        mode: str,
        environment: str,
        version: str,
        describe: Callable[[], Mapping[str, Any]],
        authorize: Callable[[Request[Any, Any, Any]], Awaitable[object]],
    ) -> None:
        self._mode = mode
        self._environment = environment
        self._version = version
        self._describe = describe
        self._authorize = authorize

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""

        @get("/", media_type=MediaType.HTML, include_in_schema=False)
        async def index(request: Request[Any, Any, Any]) -> bytes:
            return self._index(context_of(scope_of(request)).base_url)

        @get("/errors/{code:str}", media_type=MediaType.HTML, tags=["Documentation"], summary="An error code")
        async def error(code: FromPath[str]) -> Response[bytes]:
            """Show what an error code means and how to mend its cause; unknown codes get the general page."""
            entry = CATALOGUE.get(code)
            return Response(error_page(entry or CATALOGUE["unknown"]), status_code=200)

        @get("/openapi.json", media_type="application/json", include_in_schema=False)
        async def openapi(request: Request[Any, Any, Any]) -> bytes:
            await self._authorize(request)
            return msgspec.json.encode(self._describe())

        @get("/docs", media_type=MediaType.HTML, include_in_schema=False)
        async def docs(request: Request[Any, Any, Any]) -> bytes:
            await self._authorize(request)
            return docs_page(self._describe(), context_of(scope_of(request)).base_url)

        return (index, error, openapi, docs)

    def _index(self, base_url: str) -> bytes:
        rows = (
            ("Mint a key", f"<code>POST {escape(base_url)}/api/client-secret</code>"),
            ("Upstream's health", html.link("/api/client-secret/health", "/api/client-secret/health")),
            ("Live keys", html.link("/api/client-secret/stats", "/api/client-secret/stats")),
            ("API", html.link("/docs", "/docs") + " · " + html.link("/openapi.json", "/openapi.json")),
            ("Operations", " · ".join(html.link(path, path) for path in ("/healthz", "/readyz", "/metrics"))),
        )
        curl = f"curl -X POST {base_url}/api/client-secret -H 'Content-Type: application/json' -d '{{}}'"
        return html.page(
            "Limi",
            "<h1>Limi is running</h1>",
            f'<p><span class="badge">{escape(self._mode)}</span> '
            f'<span class="badge">{escape(self._environment)}</span> '
            f'<span class="quiet">version {escape(self._version)}</span></p>',
            "<p>It hands out short-lived keys for live voice conversations. Try one:</p>",
            html.code(curl),
            html.table(*rows),
        )


def error_page(entry: ErrorEntry) -> bytes:
    """Return the page of one error code."""
    status = f"HTTP {entry.status}" if entry.status else "raised by the client"
    wait = f" · retry after {entry.retry_after_ms} ms" if entry.retry_after_ms else ""
    return html.page(
        f"{entry.code} – Limi",
        f"<h1>{escape(entry.title)}</h1>",
        f'<p><code>{escape(entry.code)}</code> <span class="quiet">{status}{wait}</span></p>',
        f"<p>{escape(entry.message)}.</p>",
        f"<h2>What to do</h2><p>{escape(entry.action or 'Look at the list below')}.</p>",
        "<h2>What to check</h2><ul>",
        *(f"<li>{escape(check)}</li>" for check in entry.checks),
        "</ul><h2>Done right</h2>",
        html.code(entry.example),
    )


def docs_page(schema: Mapping[str, Any], base_url: str) -> bytes:
    """Return the API's documentation, written out from its OpenAPI description."""
    parts = [f"<h1>{escape(schema['info']['title'])}</h1>", f"<p>{escape(schema['info']['description'])}</p>"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            parts += _operation(method.upper(), path, operation, base_url)
    parts.append(f"<p>{html.link('/openapi.json', 'The same as OpenAPI 3.1')}</p>")
    return html.page("API – Limi", *parts)


def _operation(method: str, path: str, operation: Mapping[str, Any], base_url: str) -> list[str]:
    answers = [
        (f"<code>{status}</code>", escape(answer.get("description", "")))
        for status, answer in sorted(operation["responses"].items())
    ]
    parts = [
        f"<h2><code>{method} {escape(path)}</code></h2>",
        f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>",
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for name, example in body.get("examples", {}).items():
        text = msgspec.json.format(msgspec.json.encode(example["value"]), indent=2).decode()
        parts += [f'<p class="quiet">{escape(name)}</p>', html.code(f"{method} {base_url}{path}\n\n{text}")]
    return [*parts, html.table(*answers)]
