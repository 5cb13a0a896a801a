"""What is at the root: the voice page with its files, or a plain page where that was not built."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any, Final

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from limi.http import html
from limi.http.asgi import headers_of, scope_of
from limi.http.context import context_of
from limi.http.errors import Refusal
from limi.http.page_policy import page_policy
from limi.http.urls import URLMaker
from limi.http.web_build import WebBuild, WebFile

__all__ = ["SERVICE", "FrontPage", "ServiceBody"]

SERVICE: Final = "Limi AI Backend"
"""By this name a backend is known."""
_MODES: Final = {
    "openai": "Keys come from OpenAI",
    "sandbox": "Keys come from the sandbox inside, not from OpenAI",
}
_NOT_MODIFIED: Final = 304
_FOR_EVER: Final = "public, max-age=31536000, immutable"
"""An asset's name changes with what is in it."""


class ServiceBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What runs here."""

    service: str
    version: str
    environment: str
    upstream: str
    """`openai`, `sandbox` where keys come from inside this process, else the host of what makes them."""
    authentication: str
    """`optional` where callers may come without a key, else `required`."""


class FrontPage:
    """The handlers, given what they show."""

    def __init__(
        self,
        *,
        upstream_name: str,
        environment: str,
        version: str,
        anonymous: bool,
        urls: URLMaker,
        build: WebBuild | None,
    ) -> None:
        self._body = ServiceBody(
            service=SERVICE,
            version=version,
            environment=environment,
            upstream=upstream_name,
            authentication="optional" if anonymous else "required",
        )
        self._build = build
        # A server has few names.
        self._policy = lru_cache(maxsize=256)(lambda base_url: page_policy(urls.make(base_url, "any")))

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""

        @get("/api", tags=["Operations"], summary="What runs here")
        async def service() -> Response[ServiceBody]:
            """Say which service this is, where its keys come from, and whether callers need a credential."""
            return Response(self._body, headers={"cache-control": "no-store"})

        @get("/", media_type=MediaType.HTML, include_in_schema=False)
        async def index(request: Request[Any, Any, Any]) -> Response[bytes]:
            base_url = context_of(scope_of(request)).base_url
            if self._build is None:
                return Response(self._plain(base_url))
            own = {
                "cache-control": "no-cache",
                "content-security-policy": self._policy(base_url),
                "permissions-policy": "microphone=(self), camera=(), geolocation=()",
            }
            return _answer(self._build.index, request, own)

        @get("/assets/{name:str}", include_in_schema=False)
        async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
            found = self._build.assets.get(name) if self._build else None
            if found is None:
                raise Refusal("not_found")
            return _answer(found, request, {"cache-control": _FOR_EVER})

        return (service, index, asset)

    def _plain(self, base_url: str) -> bytes:
        rows = (
            ("Mint a key", f"<code>POST {escape(base_url)}/api/client-secret</code>"),
            ("Upstream's health", html.link("/api/client-secret/health", "/api/client-secret/health")),
            ("Live keys", html.link("/api/client-secret/stats", "/api/client-secret/stats")),
            ("API", html.link("/docs", "/docs") + " · " + html.link("/openapi.json", "/openapi.json")),
            ("Operations", " · ".join(html.link(path, path) for path in ("/healthz", "/readyz", "/metrics"))),
        )
        curl = f"curl -X POST {base_url}/api/client-secret -H 'Content-Type: application/json' -d '{{}}'"
        mode = _MODES.get(self._body.upstream, f"Keys come from {self._body.upstream}")
        return html.page(
            "Limi",
            "<h1>Limi is running</h1>",
            f'<p><span class="badge">{escape(mode)}</span> '
            f'<span class="badge">{escape(self._body.environment)}</span> '
            f'<span class="quiet">version {escape(self._body.version)}</span></p>',
            "<p>It hands out short-lived keys for live voice conversations. Try one:</p>",
            html.code(curl),
            html.table(*rows),
            '<p class="quiet">The voice page, on which you could talk to it here, was not built in this checkout. '
            "<code>make serve</code> builds it; it needs Node 22.19 or newer, or fetches one.</p>",
        )


def _answer(file: WebFile, request: Request[Any, Any, Any], own: Mapping[str, str]) -> Response[bytes]:
    asked = headers_of(scope_of(request))
    headers = {**own, "etag": file.etag, "vary": "accept-encoding"}
    if file.etag in _listed(asked.get(b"if-none-match", b"")):
        return Response(b"", status_code=_NOT_MODIFIED, headers=headers)
    body = file.body
    if file.gzipped is not None and "gzip" in _listed(asked.get(b"accept-encoding", b"")):
        body = file.gzipped
        headers["content-encoding"] = "gzip"
    return Response(body, media_type=file.media_type, headers=headers)


def _listed(value: bytes) -> list[str]:
    """Return the members of a header that is a list."""
    return [item.strip() for item in value.decode("latin-1").split(",")]
