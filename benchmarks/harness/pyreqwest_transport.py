"""pyreqwest as the upstream client, set up as well as its documentation allows, for `benchmarks.clients`."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Final

from pyreqwest.client import ClientBuilder  # type: ignore[import-not-found, unused-ignore]  # this server's only
from pyreqwest.exceptions import PyreqwestError  # type: ignore[import-not-found, unused-ignore]
from pyreqwest.http import Url  # type: ignore[import-not-found, unused-ignore]

from limi.adapters.upstream.transports import Answer, TransportError

__all__ = ["PyreqwestTransport"]

_KEPT_HEADERS: Final = ("retry-after-ms", "retry-after", "date")
_THREAD_ENDS_SECONDS: Final = 0.1
"""Its thread holds Python objects for a moment after `close`; an interpreter that ends in that moment aborts."""


class PyreqwestTransport:
    """Implements Limi's `Transport`: connections as needed, no redirects, no compression, bounded answers."""

    def __init__(self, *, base_url: str, timeout_seconds: float, max_bytes: int, user_agent: str) -> None:
        self._url = lru_cache(maxsize=16)(lambda path: Url(base_url + path))
        self._max_bytes = max_bytes
        self._client = (
            ClientBuilder()
            .timeout(timedelta(seconds=timeout_seconds))
            .user_agent(user_agent)
            .follow_redirects(enable=False)
            .error_for_status(enable=False)
            .gzip(enable=False)
            .brotli(enable=False)
            .zstd(enable=False)
            .deflate(enable=False)
            .no_proxy()
            .build()
        )

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send by HTTP."""
        request = self._client.request(method, self._url(path)).headers(headers).body_bytes(body)
        try:
            async with request.build_streamed() as response:
                content = await response.body_reader.read(self._max_bytes + 1)
                found = {name: value for name in _KEPT_HEADERS if (value := response.get_header(name))}
                answer = Answer(response.status, content.to_bytes() if content else b"", found)
        except TimeoutError as exc:
            raise TransportError("no whole answer in time", timed_out=True) from exc
        except PyreqwestError as exc:
            raise TransportError(type(exc).__name__) from exc
        if len(answer.body) > self._max_bytes:
            raise TransportError(f"an answer of more than {self._max_bytes} bytes")
        return answer

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()
        await asyncio.sleep(_THREAD_ENDS_SECONDS)
