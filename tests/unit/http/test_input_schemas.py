"""The API's description of what routes read."""

from typing import Annotated, Any

import msgspec
import pytest
from litestar import get, post
from litestar.handlers import HTTPRouteHandler

from limi.http.input_schemas import add_inputs
from limi.http.inputs import INPUTS, Inputs
from limi.kernel.principal import Scope

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,5}\Z", description="1–5 characters of a–z")]


class Body(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    full_name: Name
    scope: Annotated[Scope, msgspec.Meta(description="a scope")] = Scope.MINT


class Query(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    limit: Annotated[int, msgspec.Meta(ge=1, description="a whole number from 1")] = 5
    scope: Annotated[Scope | msgspec.UnsetType, msgspec.Meta(description="a scope")] = msgspec.UNSET


def _handlers() -> list[HTTPRouteHandler]:
    async def ask() -> None: ...

    async def tell() -> None: ...

    return [
        get("/a", operation_id="Ask", opt={INPUTS: Inputs(query=Query)})(ask),
        post("/a", operation_id="Tell", opt={INPUTS: Inputs(body=Body)})(tell),
    ]


@pytest.fixture
def schema() -> dict[str, Any]:
    described: dict[str, Any] = {
        "paths": {
            "/a": {
                "get": {"operationId": "Ask", "parameters": [{"name": "id", "in": "path"}]},
                "post": {"operationId": "Tell"},
            }
        }
    }
    add_inputs(described, _handlers())
    return described


def test_a_query_is_a_parameter_for_each_member(schema: dict[str, Any]) -> None:
    path, name, limit, scope = schema["paths"]["/a"]["get"]["parameters"]
    assert path["name"] == "id"
    assert (name["in"], name["required"], name["description"]) == ("query", True, "1–5 characters of a–z.")
    assert (limit["required"], limit["schema"]) == (False, {"type": "integer", "minimum": 1, "default": 5})
    assert scope["required"] is False
    assert "Query" not in schema["components"]["schemas"]


def test_a_body_is_a_component_with_what_it_is_made_of(schema: dict[str, Any]) -> None:
    body = schema["paths"]["/a"]["post"]["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Body"}
    members = schema["components"]["schemas"]["Body"]["properties"]
    assert members["fullName"]["description"] == "1–5 characters of a–z."
    assert schema["components"]["schemas"]["Scope"]["enum"] == sorted(Scope)


def test_patterns_are_javascripts(schema: dict[str, Any]) -> None:
    assert schema["components"]["schemas"]["Body"]["properties"]["fullName"]["pattern"] == "^[a-z]{1,5}$"


def test_a_route_without_inputs_is_left_alone() -> None:
    async def idle() -> None: ...

    described: dict[str, Any] = {"paths": {"/b": {"get": {"operationId": "Idle"}}}}
    add_inputs(described, [get("/b", operation_id="Idle")(idle)])
    assert described["paths"]["/b"]["get"] == {"operationId": "Idle"}
