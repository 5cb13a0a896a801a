"""Decoding the body of a mint."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from limi.features.client_secrets.errors import InvalidMintError
from limi.features.client_secrets.model import MINT_RULES, Capability, MintRequest
from limi.http.mint_request import decode_mint

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def _refused(body: bytes) -> InvalidMintError | None:
    try:
        decode_mint(body)
    except InvalidMintError as refused:
        return refused
    return None


def _refusal(body: bytes) -> InvalidMintError:
    with pytest.raises(InvalidMintError) as refused:
        decode_mint(body)
    return refused.value


def test_an_empty_body_is_an_empty_object() -> None:
    assert decode_mint(b"") == decode_mint(b"{}") == MintRequest()


def test_a_full_body() -> None:
    body = {
        "sessionId": "session-1",
        "model": "gpt-realtime",
        "capabilities": ["audio_input", "text_output"],
        "profile": "greeter",
        "variables": {"name": "Ada"},
    }
    assert decode_mint(json.dumps(body).encode()) == MintRequest(
        session_id="session-1",
        model="gpt-realtime",
        capabilities=[Capability.AUDIO_INPUT, Capability.TEXT_OUTPUT],
        profile="greeter",
        variables={"name": "Ada"},
    )


@given(st.binary(max_size=200))
@example(b"\xff")
@example(b"[" * 200)
@example(b'{"model":1e999}')
def test_whatever_bytes_come_are_a_request_or_are_refused(body: bytes) -> None:
    with contextlib.suppress(InvalidMintError):
        assert isinstance(decode_mint(body), MintRequest)


@given(st.dictionaries(st.sampled_from([*MINT_RULES, "other"]), _JSON, max_size=6))
@example({"variables": {"a": "b" * 501}})
@example({"variables": {"at `$.model`": 1}})
def test_a_refusal_names_a_member_that_was_sent(body: dict[str, Any]) -> None:
    refused = _refused(json.dumps(body).encode())
    if refused is not None:
        assert refused.field in body
        assert refused.rule == MINT_RULES.get(refused.field, refused.rule)


@given(_JSON.filter(lambda value: not isinstance(value, dict)))
def test_only_an_object_is_a_request(value: Any) -> None:
    assert _refusal(json.dumps(value).encode()).field == ""


def test_a_member_of_a_variable_is_named_by_its_member() -> None:
    assert _refusal(b'{"variables": {"name": 1}}').field == "variables"
    assert _refusal(b'{"capabilities": ["audio_input", "video"]}').field == "capabilities"


def test_a_rule_says_how_many_wishes_are_too_many() -> None:
    refusal = _refusal(json.dumps({"capabilities": ["audio_input"] * 101}).encode())
    assert (refusal.field, "at most 100" in refusal.rule) == ("capabilities", True)


def test_a_very_long_unknown_name_is_cut() -> None:
    assert len(_refusal(json.dumps({"x" * 5000: 1}).encode()).field) == 100


def test_the_rules_are_of_all_members() -> None:
    assert tuple(MINT_RULES) == MintRequest.__struct_encode_fields__
