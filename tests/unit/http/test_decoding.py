"""Reading JSON: what fits is decoded, what does not is refused by name and rule."""

import contextlib
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.http.decoding import decode_body, explain, invalid, rules_of
from limi.http.errors import Refusal

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,5}\Z", description="1–5 characters of a–z")]


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    size: int


class Wish(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    full_name: Name
    count: Annotated[int, msgspec.Meta(ge=1, description="a whole number from 1")] = 1
    inner: Annotated[Inner | None, msgspec.Meta(description="an object with a size")] = None
    names: Annotated[list[Name], msgspec.Meta(description="a list of names")] = []
    text: Annotated[str, msgspec.Meta(description="A setting has a sentence, and no rule.")] = ""
    kind: Literal["a", "b"] = "a"
    odd: Annotated[bytes, msgspec.Meta(min_length=1000)] = b""


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
        (b'{"fullName": "ada", "inner": {}}', "inner.size: is required and must be a whole number"),
        (b'{"fullName": "ada", "inner": {"size": "x"}}', "inner.size: must be a whole number"),
        (
            b'{"fullName": "ada", "inner": {"size": 1, "odd": 1}}',
            "inner: must be an object with a size (`odd` is not known)",
        ),
        (
            b'{"fullName": "ada", "names": ["b", 1]}',
            "names: must be a list of names (a whole number stands where a text belongs)",
        ),
        (b"[]", "the body must be a JSON object"),
        (b"nonsense", "the body must be JSON in UTF-8"),
        (b"\xff", "the body must be JSON in UTF-8"),
        (b"[" * 100_000, "the body must be a JSON object"),
        (b'{"text": 1}', "text: must be a text"),
        (b'{"kind": "z"}', "kind: must be one of a, b"),
        (b'{"odd": "z"}', "odd: does not fit"),
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


def test_rules_are_known_by_the_names_of_the_wire() -> None:
    assert list(rules_of(Wish)) == ["fullName", "count", "inner", "names", "text", "kind", "odd"]
    assert rules_of(Wish)["fullName"] == "1–5 characters of a–z"


def test_a_file_is_told_of_in_its_own_words() -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert([], Wish)
    assert explain(str(raised.value), Wish, whole="the profile") == "the profile must be a JSON object"


def test_a_rule_may_be_about_no_member() -> None:
    assert (invalid("", "is wrong").message, invalid("name", "is wrong").message) == ("is wrong", "name: is wrong")
