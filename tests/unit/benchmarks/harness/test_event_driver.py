"""Clients that report events: what they send is what the server accepts."""

import msgspec
import pytest

from benchmarks.harness.driver import drive
from benchmarks.harness.event_driver import EVENTS_PATH, event_requests
from limi.http.analytics import EVENTS_PATH as THE_SERVERS
from limi.http.analytics import ErrorOccurred, EventsRequest


def _events(request: bytes) -> EventsRequest:
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    return msgspec.json.decode(body, type=EventsRequest)


def test_they_ask_where_the_server_listens() -> None:
    assert EVENTS_PATH == THE_SERVERS


@pytest.mark.parametrize("batch", [1, 100])
def test_a_report_has_so_many_events_and_none_twice(batch: int) -> None:
    request = event_requests(batch)
    found = [*_events(request()).events, *_events(request()).events]
    assert len(found) == len({event.id for event in found}) == 2 * batch


def test_every_tenth_tells_of_an_error() -> None:
    events = _events(event_requests(100)()).events
    assert sum(isinstance(event, ErrorOccurred) for event in events) == 10


async def test_another_status_than_the_expected_is_counted(upstream_port: int) -> None:
    result = await drive(upstream_port, connections=2, seconds=0, request=event_requests(1), expected=202)
    assert (result.requests, result.bad_status) == (2, 2)
