"""Clients that report events, each batch with ids that no other has.

Run as `python -m benchmarks.harness.event_driver PORT CONNECTIONS SECONDS BATCH`. Nine of ten events say that a
connection came about, the tenth that one did not.
"""

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
import uvloop

from benchmarks.harness.driver import drive

__all__ = ["EVENTS_PATH", "event_requests"]

EVENTS_PATH: Final = "/api/analytics/events"
_ACCEPTED: Final = 202
_ERROR_EVERY: Final = 10
_CONNECTED: Final = (
    '{"id":"%s","type":"connection_successful","sessionId":"bench-session-1","durationMs":%d,"transport":"webrtc"}'
)
_FAILED: Final = (
    '{"id":"%s","type":"error_occurred","sessionId":"bench-session-1","errorCode":"network_error",'
    '"errorMessage":"ICE connection failed after %d ms"}'
)


def event_requests(batch: int) -> Callable[[], bytes]:
    """Return what gives the next request, with `batch` events."""
    ids = _ids()

    def request() -> bytes:
        body = f'{{"events":[{",".join(_event(next(ids), place) for place in range(batch))}]}}'.encode()
        head = (
            f"POST {EVENTS_PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"X-Limi-Client: react/1.0.0\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    return request


def _event(number: str, place: int) -> str:
    shape = _FAILED if place % _ERROR_EVERY == _ERROR_EVERY - 1 else _CONNECTED
    return shape % (number, 300 + place)


def _ids() -> Iterator[str]:
    """Yield UUIDs, which begin with the time so that no two runs have one in common."""
    run = f"{time.time_ns() & 0xFFFF_FFFF:08x}-bec4-4000-8000-"
    for number in itertools.count():
        yield f"{run}{number:012x}"


def _main() -> None:
    port, connections, seconds, batch = sys.argv[1:]
    request = event_requests(int(batch))
    result = uvloop.run(
        drive(
            int(port),
            connections=int(connections),
            seconds=float(seconds),
            request=request,
            expected=_ACCEPTED,
        )
    )
    print("RESULT " + msgspec.json.encode(result).decode())


if __name__ == "__main__":
    _main()
