"""The API's description, and the page made from it."""

import html
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from limi.features.client_secrets.model import MINT_RULES
from limi.http.errors import ErrorBody
from limi.http.mint import MintAnswer
from limi.http.mint_request import decode_mint
from limi.kernel.errors import CATALOGUE
from tests.integration.http.harness import MINT, Site

_ADMIN = (
    "keys",
    "keys/{key}",
    "keys/{key}/rotate",
    "keys/{key}/revoke",
    "tenants",
    "tenants/{tenant}",
    "tenants/{tenant}/suspend",
    "tenants/{tenant}/resume",
    "profiles",
    "profiles/{name}",
    "profiles/{name}/versions",
    "audit",
    "stats",
    "usage",
)
_WEBHOOKS = [
    "",
    "/{webhook}",
    *(f"/{{webhook}}/{action}" for action in ("enable", "disable", "rotate", "test", "replay", "deliveries")),
    *(f"/{{webhook}}/deliveries/{{delivery}}/{action}" for action in ("attempts", "replay")),
]
_PATHS = {
    "/api",
    MINT,
    f"{MINT}/health",
    f"{MINT}/stats",
    "/api/analytics/events",
    "/api/webhook/token-generated",
    "/healthz",
    "/readyz",
    "/metrics",
    *(f"/api/admin/{path}" for path in _ADMIN),
    *(f"/api/admin/webhooks{path}" for path in _WEBHOOKS),
    "/errors/{code}",
}


async def _description(site: Site) -> Any:
    response = await site.get("/openapi.json")
    assert response.headers["content-type"] == "application/json"
    return response.json()


def _mint(description: Any) -> Any:
    return description["paths"][MINT]["post"]


def _schema(description: Any, name: str) -> dict[str, Any]:
    """Return a component as a schema of its own, whose references resolve."""
    return {"$ref": f"#/components/schemas/{name}", "components": description["components"]}


async def test_it_is_openapi_3_1_and_lists_every_path(site: Site) -> None:
    description = await _description(site)
    assert description["openapi"].startswith("3.1.")
    assert set(description["paths"]) == _PATHS
    for operations in description["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]
            assert operation["responses"]


async def test_every_schema_in_it_is_one(site: Site) -> None:
    for schema in (await _description(site))["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


async def test_every_reference_in_it_resolves(site: Site) -> None:
    description = await _description(site)

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str):
                target = description
                for step in reference.removeprefix("#/").split("/"):
                    target = target[step]
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(description)


async def test_operation_ids_are_unique(site: Site) -> None:
    paths = (await _description(site))["paths"]
    ids = [operation["operationId"] for operations in paths.values() for operation in operations.values()]
    assert len(ids) == len(set(ids))


async def test_the_mints_members_are_the_decoders(site: Site) -> None:
    description = await _description(site)
    described = description["components"]["schemas"]["MintRequest"]
    assert list(described["properties"]) == list(MINT_RULES)
    assert described.get("required", []) == []
    assert described["additionalProperties"] is False


VALID: list[dict[str, Any]] = [
    {},
    {"sessionId": "a_B-9"},
    {"model": "gpt-realtime"},
    {"capabilities": ["audio_input", "audio_output", "text_input", "text_output"]},
    {"profile": "default"},
    {"variables": {"name": "x" * 500}},
]
INVALID: list[dict[str, Any]] = [
    {"sessionId": ""},
    {"sessionId": "a b"},
    {"sessionId": "x" * 101},
    {"sessionId": None},
    {"model": 1},
    {"model": ""},
    {"capabilities": ["video"]},
    {"profile": "A"},
    {"variables": {"name": "x" * 501}},
    {"variables": {str(number): "" for number in range(21)}},
    {"unknown": 1},
]


@pytest.mark.parametrize("body", VALID)
async def test_what_the_schema_accepts_the_decoder_accepts(site: Site, body: dict[str, Any]) -> None:
    jsonschema_rs.validate(_schema(await _description(site), "MintRequest"), body)
    decode_mint(msgspec.json.encode(body))


@pytest.mark.parametrize("body", INVALID)
async def test_what_the_decoder_refuses_the_schema_refuses(site: Site, body: dict[str, Any]) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(_schema(await _description(site), "MintRequest"), body)
    assert (await site.mint(body)).status_code == 400


async def test_every_example_of_a_request_is_accepted(site: Site) -> None:
    examples = _mint(await _description(site))["requestBody"]["content"]["application/json"]["examples"]
    assert examples
    for example in examples.values():
        assert (await site.mint(example["value"])).status_code == 200, example


async def test_an_answer_is_as_described(site: Site) -> None:
    description = await _description(site)
    schema = _schema(description, "MintAnswer")
    jsonschema_rs.validate(schema, (await site.mint({})).json())
    example = _mint(description)["responses"]["200"]["content"]["application/json"]["example"]
    jsonschema_rs.validate(schema, example)
    assert set(msgspec.json.decode(msgspec.json.encode(example), type=dict)) == set(
        MintAnswer.__struct_encode_fields__
    )


async def test_every_code_that_is_described_is_in_the_catalogue_under_its_status(site: Site) -> None:
    description = await _description(site)
    described = {}
    for status, response in _mint(description)["responses"].items():
        if status == "200":
            continue
        for code, example in response["content"]["application/json"]["examples"].items():
            described[code] = int(status)
            jsonschema_rs.validate(_schema(description, "ErrorBody"), example["value"])
            assert msgspec.convert(example["value"], ErrorBody).code == code
    assert described == {code: CATALOGUE[code].status for code in described}
    assert {"invalid_request", "rate_limit_exceeded", "openai_timeout", "overloaded"} <= set(described)


async def test_real_errors_are_as_described(site: Site) -> None:
    schema = _schema(await _description(site), "ErrorBody")
    for body in ({"model": "ghost"}, b"{"):
        jsonschema_rs.validate(schema, (await site.mint(body)).json())


@pytest.mark.parametrize("path", [f"{MINT}/health", f"{MINT}/stats", "/healthz", "/readyz"])
async def test_what_is_read_is_as_described(site: Site, path: str) -> None:
    await site.mint({})
    description = await _description(site)
    schema = description["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    body = (await site.get(path)).json()
    jsonschema_rs.validate({**schema, "components": description["components"]}, body)


async def test_the_docs_page_lists_every_operation(site: Site) -> None:
    response = await site.get("/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = html.unescape(response.text)
    for path, operations in (await _description(site))["paths"].items():
        for method, operation in operations.items():
            assert f"{method.upper()} {path}" in page
            for status in operation["responses"]:
                assert f"<code>{status}</code>" in page
