"""Reads a document of the issuer: https only, in time, within a size, and never further than the URL says.

These URLs come from the operator and from the issuer that the operator trusts; no caller can name one (`jku` and
`x5u` in a token are not looked at). So private addresses are allowed: an issuer often stands in the same network.
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from limi.adapters.oidc.key_source import FetchError
from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.transports import TransportError
from limi.kernel.secret import Secret

__all__ = ["HTTPSFetch"]


class HTTPSFetch:
    """A `Fetch` over the client that also asks upstream: no redirects, no compression, one time-out for all."""

    def __init__(
        self, *, timeout_seconds: float, max_bytes: int, user_agent: str, proxy: Secret | None = None
    ) -> None:
        """Keep what every request needs; see `HTTPTransport` for the arguments."""
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes
        self._user_agent = user_agent
        self._proxy = proxy

    async def __call__(self, url: str) -> bytes:
        """Return the body of a 200.

        Raises:
            FetchError: anything else came, or nothing.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" or not url.isascii() or not url.isprintable() or " " in url:
            raise FetchError("the issuer's URL is none of https")
        # A connection of its own for each: they are minutes apart, and the next may be to another host.
        transport = HTTPTransport(
            base_url=f"https://{parts.netloc}",
            timeout_seconds=self._timeout_seconds,
            max_bytes=self._max_bytes,
            user_agent=self._user_agent,
            proxy=self._proxy,
        )
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            answer = await transport.send("GET", path, headers={})
        except TransportError as exc:
            reason = f"{parts.hostname}: {exc.reason}"
            raise FetchError(reason) from exc
        finally:
            await transport.close()
        if answer.status != HTTPStatus.OK:
            reason = f"{parts.hostname} answered {answer.status}"
            raise FetchError(reason)
        return answer.body
