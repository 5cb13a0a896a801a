"""The stand-in for wrk."""

from benchmarks.harness.driver import drive, make_requests


async def test_each_connection_asks_until_the_time_is_over(upstream_port: int) -> None:
    result = await drive(upstream_port, connections=3, seconds=0, request=make_requests("/", "plain", "{}"))
    assert (result.requests, result.bad_status, result.failed) == (3, 0, 0)
    assert 0 < result.p50_us <= result.p99_us <= result.max_us


def test_a_unique_request_never_carries_the_same_key_twice() -> None:
    request = make_requests("/mint", "unique", "{}", "Bearer key")
    first, second = request(), request()
    assert first != second
    assert first.count(b"Idempotency-Key: ") == 1
    assert b"Authorization: Bearer key\r\n" in first


def test_a_plain_request_is_always_the_same() -> None:
    request = make_requests("/mint", "plain", '{"a":"ü"}')
    assert request() == request()
    assert b"Content-Length: 10\r\n" in request()
