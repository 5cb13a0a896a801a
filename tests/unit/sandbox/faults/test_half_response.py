from typing import Any

import pytest

from limi.sandbox.faults.half_response import HalfResponse


@pytest.mark.parametrize(("is_complete", "length"), [(True, b"3"), (False, b"7")])
async def test_half_of_the_body_leaves_under_a_length_that_is_true_or_not(
    is_complete: bool,  # noqa: FBT001 - a parameter of the test
    length: bytes,
) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    half = HalfResponse(send, is_complete=is_complete)
    headers = [(b"content-length", b"7"), (b"x-kept", b"1")]
    await half.send({"type": "http.response.start", "status": 200, "headers": headers})
    await half.send({"type": "http.response.body", "body": b"abcd", "more_body": True})
    assert sent == []
    await half.send({"type": "http.response.body", "body": b"efg"})
    start, body = sent
    assert dict(start["headers"]) == {b"content-length": length, b"x-kept": b"1"}
    assert (body["body"], body["more_body"]) == (b"abc", not is_complete)
