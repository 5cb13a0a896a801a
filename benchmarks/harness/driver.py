"""The stand-in for wrk: as many keep-alive connections, each with one request under way, on asyncio.

It takes several times wrk's processor time, so a fast server is measured less sharply; reports name it.
Run as `python -m benchmarks.harness.driver PORT CONNECTIONS SECONDS PATH plain|unique BODY [AUTHORIZATION]`.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from typing import Final, cast

import httptools
import msgspec
import uvloop

from benchmarks.harness.load import LoadResult

__all__ = ["drive", "make_requests"]

_OK: Final = 200


class _Connection(asyncio.Protocol):
    """Asks again as soon as it is answered, until the time is over."""

    def __init__(self, request: Callable[[], bytes], until: float, latencies: list[int], expected: int) -> None:
        self._expected = expected
        self._request = request
        self._until = until
        self._latencies = latencies
        self._sent = 0.0
        self.bad_status = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast rather than a check: uvloop's transports are not of asyncio's class.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def on_message_complete(self) -> None:
        """Note the answer; httptools calls this at its end."""
        now = time.perf_counter()
        self._latencies.append(round((now - self._sent) * 1e6))
        self.bad_status += self._parser.get_status_code() != self._expected
        if now < self._until:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._sent = time.perf_counter()
        self._transport.write(self._request())


async def drive(
    port: int, *, connections: int, seconds: float, request: Callable[[], bytes], expected: int = _OK
) -> LoadResult:
    """Ask until the time is over; each connection asks at least once, and every answer should have that status."""
    loop = asyncio.get_running_loop()
    latencies: list[int] = []
    started = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: _Connection(request, started + seconds, latencies, expected), "127.0.0.1", port
        )
        for _ in range(connections)
    ]
    ended = await asyncio.gather(*(connection.done for _, connection in made), return_exceptions=True)
    taken = time.perf_counter() - started
    ordered = sorted(latencies) or [0]
    return LoadResult(
        requests=len(latencies),
        duration_us=round(taken * 1e6),
        bad_status=sum(connection.bad_status for _, connection in made),
        failed=sum(isinstance(end, BaseException) for end in ended),
        p50_us=_percentile(ordered, 50),
        p90_us=_percentile(ordered, 90),
        p99_us=_percentile(ordered, 99),
        max_us=ordered[-1],
    )


def _percentile(ordered: Sequence[int], percent: int) -> int:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def make_requests(path: str, kind: str, body: str, authorization: str = "") -> Callable[[], bytes]:
    """Return what gives the next request: always the same, or with a new `Idempotency-Key` for `unique`."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += f"Authorization: {authorization}\r\n" if authorization else ""
    head += f"Content-Length: {len(body.encode())}\r\n"
    plain = f"{head}\r\n{body}".encode()
    if kind != "unique":
        return lambda: plain
    numbers = itertools.count()
    run = time.time_ns()

    def unique() -> bytes:
        return f"{head}Idempotency-Key: bench-{run}-{next(numbers)}\r\n\r\n{body}".encode()

    return unique


def _main() -> None:
    port, connections, seconds, *rest = sys.argv[1:]
    request = make_requests(*rest)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result = runner.run(
            drive(int(port), connections=int(connections), seconds=float(seconds), request=request)
        )
    print("RESULT " + msgspec.json.encode(result).decode())


if __name__ == "__main__":
    _main()
