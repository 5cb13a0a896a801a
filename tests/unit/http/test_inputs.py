"""Reading body and query: what fits is decoded, what does not is refused by name and rule."""

from typing import Annotated, Any

import msgspec
import pytest
from litestar import Request

from limi.http.errors import Refusal
from limi.http.inputs import InputReader, decode_query
from tests.unit.http.harness import make_scope

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,5}\Z", description="1–5 characters of a–z")]


class Wish(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    full_name: Name


class Query(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    limit: Annotated[int, msgspec.Meta(ge=1, le=10, description="a whole number from 1 to 10")] = 5
    name: Annotated[Name | msgspec.UnsetType, msgspec.Meta(description="a name")] = msgspec.UNSET


def make_request(
    query: bytes = b"", *headers: tuple[bytes, bytes], messages: list[dict[str, Any]] | None = None
) -> Request[Any, Any, Any]:
    unread = messages or [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        return unread.pop(0)

    scope: Any = make_scope("POST", "/", *headers)
    scope["query_string"] = query
    return Request(scope, receive)


def test_a_query_that_fits_is_decoded() -> None:
    assert decode_query(make_request(b"limit=7&name=a%62"), Query) == Query(limit=7, name="ab")
    assert decode_query(make_request(), Query) == Query()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (b"limit=0", "limit: must be a whole number from 1 to 10"),
        (b"limit=many", "limit: must be a whole number from 1 to 10"),
        (b"limit=", "limit: must be a whole number from 1 to 10"),
        (b"name=", "name: must be a name"),
        (b"limit=1&limit=2", "limit: is given twice"),
        (b"limits=1", "limits: is not known here; there are limit, name"),
        (b"name=%ff", "the query must be"),
        (b"\xff", "the query must be"),
        (b"&".join([b"a=b"] * 60), "the query must be"),
    ],
)
def test_a_query_that_does_not_fit_is_refused_by_parameter_and_rule(query: bytes, message: str) -> None:
    with pytest.raises(Refusal) as refused:
        decode_query(make_request(query), Query)
    assert refused.value.code == "invalid_request"
    assert (refused.value.message or "").startswith(message)


async def test_a_body_is_read_whole() -> None:
    messages = [
        {"type": "http.request", "body": b'{"fullName":', "more_body": True},
        {"type": "http.request", "body": b'"ada"}', "more_body": False},
    ]
    request = make_request(b"", (b"content-type", b"application/json"), messages=messages)
    reader = InputReader(max_body_bytes=100, body_seconds=5)
    assert await reader.body(request, Wish) == Wish(full_name="ada")


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        (b"text/plain", b"{}", "unsupported_media_type"),
        (b"application/json", b" " * 101, "payload_too_large"),
        (b"application/json", b"{", "invalid_request"),
    ],
)
async def test_a_body_of_another_kind_or_size_is_refused(content_type: bytes, body: bytes, code: str) -> None:
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    request = make_request(b"", (b"content-type", content_type), messages=messages)
    with pytest.raises(Refusal) as refused:
        await InputReader(max_body_bytes=100, body_seconds=5).body(request, Wish)
    assert refused.value.code == code


async def test_a_client_that_leaves_is_no_crash() -> None:
    request = make_request(b"", messages=[{"type": "http.disconnect"}])
    with pytest.raises(Refusal) as refused:
        await InputReader(max_body_bytes=100, body_seconds=5).body(request, Wish)
    assert refused.value.code == "invalid_request"
