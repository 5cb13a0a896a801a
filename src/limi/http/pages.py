"""What is there to be read: a page for each error code, the API's documentation, a text for language models."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from html import escape
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from limi.features.analytics.usage import Occurrences
from limi.http import html
from limi.http.asgi import scope_of
from limi.http.context import context_of
from limi.http.error_counts import ErrorCounts
from limi.kernel.errors import CATALOGUE, ErrorEntry

__all__ = ["PageRoutes", "error_page"]


class PageRoutes:
    """The handlers, given what they show."""

    def __init__(
        self,
        *,
        describe: Callable[[], Mapping[str, Any]],
        authorize: Callable[[Request[Any, Any, Any]], Awaitable[object]],
        counts: ErrorCounts,
        llms: bytes,
    ) -> None:
        self._describe = describe
        self._authorize = authorize
        self._counts = counts
        self._llms = llms

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""

        @get("/errors/{code:str}", media_type=MediaType.HTML, tags=["Documentation"], summary="An error code")
        async def error(request: Request[Any, Any, Any], code: FromPath[str]) -> Response[bytes]:
            """Show what an error code means and how to mend its cause; unknown codes get the general page.

            With a key of the scope `stats` it also says how often the code occurred lately.
            """
            entry = CATALOGUE.get(code) or CATALOGUE["unknown"]
            counts = await self._counts.of(scope_of(request), entry.code)
            headers = {"vary": "authorization"} | ({"cache-control": "no-store"} if counts else {})
            return Response(error_page(entry, counts), status_code=200, headers=headers)

        @get("/openapi.json", media_type="application/json", include_in_schema=False)
        async def openapi(request: Request[Any, Any, Any]) -> bytes:
            await self._authorize(request)
            return msgspec.json.encode(self._describe())

        @get("/docs", media_type=MediaType.HTML, include_in_schema=False)
        async def docs(request: Request[Any, Any, Any]) -> bytes:
            await self._authorize(request)
            return docs_page(self._describe(), context_of(scope_of(request)).base_url)

        @get("/llms.txt", media_type=MediaType.TEXT, include_in_schema=False)
        async def llms() -> bytes:
            return self._llms

        return (error, openapi, docs, llms)


def error_page(entry: ErrorEntry, counts: Occurrences | None = None) -> bytes:
    """Return the page of one error code, with how often it occurred where that may be told."""
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
        *(_occurrences(counts) if counts else ()),
    )


def _occurrences(counts: Occurrences) -> tuple[str, ...]:
    rows = (("last hour", counts.hour), ("last day", counts.day), ("last week", counts.week))
    return ("<h2>How often lately</h2>", html.table(*((name, str(number)) for name, number in rows)))


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
