"""The description of the API, made from the code."""

import json
import logging

import pytest
from litestar import get

from limi.features.client_secrets.model import MINT_RULES
from limi.http.mint import MINT_PATH
from limi.http.openapi import describe_api
from limi.kernel.errors import CATALOGUE


@get("/things", summary="Things")
async def _things() -> list[str]:
    """List things."""
    return []


def test_the_routes_and_the_mint_are_described() -> None:
    description = describe_api([_things], version="9.9.9")
    assert list(description["paths"]) == [MINT_PATH, "/things"]
    assert description["info"]["version"] == "9.9.9"
    assert description["paths"]["/things"]["get"]["description"] == "List things."


def test_an_answer_of_which_nothing_is_said_is_ok() -> None:
    responses = describe_api([_things], version="1")["paths"]["/things"]["get"]["responses"]
    assert responses["200"]["description"] == "OK"


def test_each_member_of_a_mint_is_described_in_words_and_patterns_are_javascripts() -> None:
    properties = describe_api([], version="1")["components"]["schemas"]["MintRequest"]["properties"]
    assert {name: member["description"] for name, member in properties.items()} == {
        name: f"It {rule}." for name, rule in MINT_RULES.items()
    }
    assert r"\Z" not in json.dumps(properties)


def test_every_code_a_mint_can_answer_is_described() -> None:
    responses = describe_api([], version="1")["paths"][MINT_PATH]["post"]["responses"]
    described = {
        code
        for response in responses.values()
        for code in response["content"]["application/json"].get("examples", {})
    }
    elsewhere = {
        "host_not_allowed",
        "not_found",
        "method_not_allowed",
        "headers_too_large",
        "analytics_unavailable",
    }
    assert described == {code for code, entry in CATALOGUE.items() if entry.status} - elsewhere


def test_describing_twice_gives_the_same() -> None:
    assert describe_api([_things], version="1") == describe_api([_things], version="1")


def test_the_root_logger_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework would set it up its own way, past the JSON lines that operators read."""
    root, ours = logging.getLogger(), logging.NullHandler()
    monkeypatch.setattr(root, "handlers", [ours])
    monkeypatch.setattr(root, "level", logging.CRITICAL)
    describe_api([_things], version="1")
    assert (root.level, root.handlers) == (logging.CRITICAL, [ours])
