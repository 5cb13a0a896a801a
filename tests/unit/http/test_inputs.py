"""Reading body and query: what fits is decoded, what does not is refused by name and rule."""

import contextlib
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Request

from limi.http.errors import Refusal
from limi.http.inputs import InputReader, decode_body, decode_query, rules_of
from tests.unit.http.harness import make_scope

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,5}\Z", description="1–5 characters of a–z")]


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: int


class Wish(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    full_name: Name
    count: Annotated[int, msgspec.Meta(ge=1, description="a whole number from 1")] = 1
    inner: Annotated[Inner | None, msgspec.Meta(description="an object with a size")] = None
    names: Annotated[list[Name], msgspec.Meta(description="a list of names")] = []
    text: Annotated[str, msgspec.Meta(description="A setting has a sentence, and no rule.")] = ""


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


def _refused(body: bytes) -> str:
    with pytest.raises(Refusal) as refused:
        decode_body(body, Wish)
    assert refused.value.code == "invalid_request"
    return refused.value.message or ""


def test_a_body_that_fits_is_decoded() -> None:
    body = b'{"fullName": "ada", "count": 2, "inner": {"size": 3}, "names": ["b"]}'
    assert decode_body(body, Wish) == Wish(full_name="ada", count=2, inner=Inner(size=3), names=["b"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"fullName": "Ada"}', "fullName: must be 1–5 characters of a–z"),
        (b'{"fullName": "ada\\n"}', "fullName: must be 1–5 characters of a–z"),
        (b'{"fullName": 1}', "fullName: must be 1–5 characters of a–z"),
        (b'{"fullName": "ada", "count": 0}', "count: must be a whole number from 1"),
        (b'{"fullName": "ada", "count": 1.5}', "count: must be a whole number from 1"),
        (b"{}", "fullName: is required and must be 1–5 characters of a–z"),
        (b"", "fullName: is required and must be 1–5 characters of a–z"),
        (b'{"fullName": "ada", "full_name": "x"}', "full_name: is not known here; there are fullName, count,"),
        (b'{"fullName": "ada", "inner": {}}', "inner: must be an object with a size (Object missing"),
        (b'{"fullName": "ada", "inner": {"size": "x"}}', "inner: must be an object with a size (Expected `int`"),
        (b'{"fullName": "ada", "inner": {"size": 1, "odd": 1}}', "inner: must be an object with a size (Object"),
        (b'{"fullName": "ada", "names": ["b", 1]}', "names: must be a list of names (Expected `str`"),
        (b"[]", "the body must be a JSON object"),
        (b"nonsense", "the body must be JSON in UTF-8"),
        (b"\xff", "the body must be JSON in UTF-8"),
        (b"[" * 100_000, "the body must be a JSON object"),
        (b'{"text": 1}', "text: Expected `str`, got `int`"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_by_member_and_rule(body: bytes, message: str) -> None:
    assert _refused(body).startswith(message)


def test_a_text_that_breaks_a_rule_is_not_repeated() -> None:
    assert "sk-secret" not in _refused(b'{"fullName": "sk-secret"}')
    assert "sk-secret" not in _refused(b'{"fullName": "ada", "names": ["sk-secret"]}')


@given(st.binary(max_size=100))
def test_whatever_comes_is_decoded_or_refused(body: bytes) -> None:
    with contextlib.suppress(Refusal):
        decode_body(body, Wish)


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


def test_rules_are_known_by_the_names_of_the_wire() -> None:
    assert list(rules_of(Wish)) == ["fullName", "count", "inner", "names", "text"]
    assert rules_of(Wish)["fullName"] == "1–5 characters of a–z"


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
