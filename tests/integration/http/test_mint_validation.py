"""What a mint refuses in its body, and how it says so."""

import json
from typing import Any

import pytest

from limi.features.client_secrets.model import MINT_RULES
from tests.integration.http.harness import Site, assert_error

_PROFILES = {"default": {}, "greeter": {"variables": {"name": "you"}}}


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    return {"LIMI_PROFILES": json.dumps(_PROFILES)}


_WRONG: dict[str, list[Any]] = {
    "sessionId": ["", "x" * 101, "a b", "a/b", "é", "a\n", "a\0", "日本", 1, None, [], {}],
    "model": ["", "gpt-5", "GPT-REALTIME", "gpt-realtime ", "x" * 101, "a\0", 1, None, True],
    "capabilities": [["video"], ["AUDIO_INPUT"], "audio_input", {}, None, [None], [["x"]], ["audio_input"] * 101],
    "profile": ["", "Default", "a_b", "x" * 65, "default\n", "ghost", None, 1],
    "variables": [
        [],
        None,
        "x",
        {"name": 1},
        {"name": None},
        {"name": "x" * 501},
        dict.fromkeys("abcdefghijklmnopqrstu", "x"),
    ],
}
BREAKS_THE_RULE = [(member, value) for member, values in _WRONG.items() for value in values]


@pytest.mark.parametrize(("member", "value"), BREAKS_THE_RULE)
async def test_the_message_names_the_member_and_its_rule(site: Site, member: str, value: Any) -> None:
    body = assert_error(await site.mint({member: value}), "invalid_request")
    name, _, rule = body["message"].partition(": ")
    assert name == member
    assert rule.startswith(("must be", "may only"))
    assert not site.upstream.asked


@pytest.mark.parametrize("value", ["line\nbreak", "nul\0", "tab\t", "\u2028", "\x9b"])
async def test_a_variable_must_not_hold_control_characters(site: Site, value: str) -> None:
    response = await site.mint({"profile": "greeter", "variables": {"name": value}})
    body = assert_error(response, "invalid_request")
    assert body["message"] == "variables.name: must not hold control characters"


async def test_a_variable_that_the_profile_does_not_declare_is_refused(site: Site) -> None:
    response = await site.mint({"profile": "greeter", "variables": {"instructions": "x"}})
    assert assert_error(response, "invalid_request")["message"].startswith("variables: may only name")


FITS: list[dict[str, Any]] = [
    {"sessionId": "x" * 100},
    {"sessionId": "_"},
    {"capabilities": []},
    {"capabilities": ["audio_input", "audio_input", "text_output"]},
    {"capabilities": ["text_output"] * 100},
    {"profile": "greeter", "variables": {"name": "x" * 500}},
    {"profile": "greeter", "variables": {}},
    {"variables": {}},
]


@pytest.mark.parametrize("body", FITS)
async def test_what_is_within_the_rules_is_minted(site: Site, body: dict[str, Any]) -> None:
    assert (await site.mint(body)).status_code == 200


@pytest.mark.parametrize("name", ["session_id", "Model", "instructions", "", "x" * 3000, "日本", "mo\0del", "a`b"])
async def test_an_unknown_member_is_refused_by_its_name(site: Site, name: str) -> None:
    body = assert_error(await site.mint({name: "x"}), "invalid_request")
    assert name[:100] in body["message"]
    assert all(known in body["message"] for known in MINT_RULES)
    assert len(body["message"]) < 400


NOT_JSON = {
    "broken": b'{"model":',
    "trailing": b"{} {}",
    "whitespace": b"   ",
    "invalid UTF-8": b'{"model": "\xff"}',
    "a lone surrogate": rb'{"model": "\ud800"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
    "NaN": b'{"model": NaN}',
    "NUL": b"\0",
    "a comment": b"{/**/}",
    "a form": b"model=gpt-realtime",
    "a raw control character": b'{"model": "a\nb"}',
    "deep nesting": b"[" * 60_000,
}


@pytest.mark.parametrize("kind", NOT_JSON)
async def test_what_is_no_json_object_is_refused(site: Site, kind: str) -> None:
    body = assert_error(await site.mint(NOT_JSON[kind]), "invalid_request")
    assert body["message"].startswith("the body must be")


@pytest.mark.parametrize("value", [None, [], "x", 1, True])
async def test_json_that_is_no_object_is_refused(site: Site, value: Any) -> None:
    body = assert_error(await site.mint(json.dumps(value).encode()), "invalid_request")
    assert body["message"] == "the body must be a JSON object"


async def test_deep_nesting_inside_a_member_is_refused(site: Site) -> None:
    assert_error(await site.mint(b'{"variables": ' + b'{"a":' * 12_000 + b"}"), "invalid_request")


async def test_of_a_member_given_twice_the_last_counts(site: Site) -> None:
    response = await site.mint(b'{"model": "gpt-realtime", "model": "gpt-realtime-2"}')
    assert response.json()["model"] == "gpt-realtime-2"


async def test_a_refused_body_is_not_quoted(site: Site) -> None:
    response = await site.mint({"sessionId": "sk-proj-something secret", "model": "sk-proj-other"})
    assert "sk-proj" not in response.text
