"""aiohttp as the upstream client, set up as well as its documentation allows, for `benchmarks.clients`."""

from collections.abc import Mapping
from typing import Final

import aiohttp  # type: ignore[import-not-found, unused-ignore]  # only this server's environment has it

from limi.adapters.upstream.transports import Answer, TransportError

__all__ = ["AiohttpTransport"]

_KEPT_HEADERS: Final = ("retry-after-ms", "retry-after", "date")


class AiohttpTransport:
    """Implements Limi's `Transport`: connections as needed, no cookies, no redirects, bounded answers."""

    def __init__(self, *, base_url: str, timeout_seconds: float, max_bytes: int, user_agent: str) -> None:
        self._base_url = base_url
        self._max_bytes = max_bytes
        self._timeout_seconds = timeout_seconds
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send by HTTP/1.1."""
        session = self._session or self._open()
        try:
            async with session.request(
                method, self._base_url + path, headers=headers, data=body, allow_redirects=False
            ) as response:
                content = await response.content.read(self._max_bytes + 1)
                while not response.content.at_eof() and len(content) <= self._max_bytes:
                    content += await response.content.read(self._max_bytes + 1 - len(content))
                found = {name: value for name in _KEPT_HEADERS if (value := response.headers.get(name))}
                answer = Answer(response.status, content, found)
        except TimeoutError as exc:
            raise TransportError("no whole answer in time", timed_out=True) from exc
        except aiohttp.ClientError as exc:
            raise TransportError(type(exc).__name__) from exc
        if len(answer.body) > self._max_bytes:
            raise TransportError(f"an answer of more than {self._max_bytes} bytes")
        return answer

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        """Make the session: it belongs to the loop that runs, of which there is none when this object is made."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=self._timeout_seconds),
            headers={"user-agent": self._user_agent},
        )
        return self._session
