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
from limi.http.docs_page import docs_page
from limi.http.error_counts import ErrorCounts
from limi.kernel.errors import CATALOGUE, ErrorEntry

__all__ = ["PageRoutes", "error_page", "errors_page"]


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

        @get("/errors", media_type=MediaType.HTML, include_in_schema=False)
        async def errors() -> bytes:
            return errors_page()

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

        return (error, errors, openapi, docs, llms)


def error_page(entry: ErrorEntry, counts: Occurrences | None = None) -> bytes:
    """Return the page of one error code, with how often it occurred where that may be told."""
    status = f"HTTP {entry.status}" if entry.status else "raised by the client"
    wait = f" · retry after {entry.retry_after_ms} ms" if entry.retry_after_ms else ""
    return html.page(
        f"{entry.code} – Limi",
        f"<h1>{escape(entry.title)}</h1>",
        f'<p><code>{escape(entry.code)}</code> <span class="quiet">{status}{wait}</span></p>',
        f"<p>{html.prose(entry.message)}.</p>",
        f"<h2>What to do</h2><p>{html.prose(entry.action or 'Look at the list below')}.</p>",
        "<h2>What to check</h2><ul>",
        *(f"<li>{html.prose(check)}</li>" for check in entry.checks),
        "</ul><h2>Done right</h2>",
        html.code(entry.example),
        *(_occurrences(counts) if counts else ()),
    )


def _occurrences(counts: Occurrences) -> tuple[str, ...]:
    rows = (("last hour", counts.hour), ("last day", counts.day), ("last week", counts.week))
    return ("<h2>How often lately</h2>", html.table(*((name, str(number)) for name, number in rows)))


def errors_page() -> bytes:
    """Return the list of all error codes."""
    rows = (
        (html.link(f"/errors/{entry.code}", entry.code), html.prose(entry.message)) for entry in CATALOGUE.values()
    )
    return html.page("Error codes – Limi", "<h1>Error codes</h1>", html.table(*rows))
