"""Adds to the API's description what routes read by `limi.http.inputs`, which Litestar cannot see."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from litestar.handlers import HTTPRouteHandler

from limi.http.decoding import rules_of
from limi.http.inputs import INPUTS, Inputs

__all__ = ["IDEMPOTENCY_KEY", "add_inputs", "header_parameter"]

IDEMPOTENCY_KEY: Final = ("Idempotency-Key", r"^[\x21-\x7e]{1,255}$")
"""The header by which a repeat is known, and its pattern."""

_REFERENCE: Final = "#/components/schemas/{name}"
_REPEAT: Final = "A repeat with the same value and body is the same request."


def add_inputs(schema: dict[str, Any], handlers: Iterable[HTTPRouteHandler]) -> None:
    """Give each operation in `schema` the query parameters and the body that its handler reads.

    Args:
        schema: an OpenAPI description as builtins, changed in place.
        handlers: the routes; those with inputs have an `operation_id` of their own.
    """
    operations = {
        operation["operationId"]: operation
        for operations in schema["paths"].values()
        for operation in operations.values()
    }
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for handler in handlers:
        inputs = handler.opt.get(INPUTS)
        if isinstance(inputs, Inputs):
            operation = operations[handler.operation_id]
            if inputs.query:
                known = _parameters(inputs.query, components)
                operation["parameters"] = [*operation.get("parameters", ()), *known]
            if inputs.csv:
                operation["responses"]["200"]["content"]["text/csv"] = {"schema": {"type": "string"}}
            if inputs.repeatable:
                header = header_parameter(*IDEMPOTENCY_KEY, _REPEAT)
                operation["parameters"] = [*operation.get("parameters", ()), header]
            if inputs.body:
                operation["requestBody"] = _body(inputs.body, components)


def header_parameter(name: str, pattern: str | None, description: str) -> dict[str, Any]:
    """Describe a header that may be sent."""
    schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _parameters(kind: type[msgspec.Struct], components: dict[str, Any]) -> list[dict[str, Any]]:
    described = _component(kind, components)
    # A query is described by its parameters; what these are made of stays.
    del components[kind.__name__]
    return [
        {
            "name": name,
            "in": "query",
            "required": name in described.get("required", ()),
            "description": _sentence(rule),
            "schema": {key: value for key, value in described["properties"][name].items() if key != "description"},
        }
        for name, rule in rules_of(kind).items()
    ]


def _body(kind: type[msgspec.Struct], components: dict[str, Any]) -> dict[str, Any]:
    described = _component(kind, components)
    return {
        "required": bool(described.get("required")),
        "content": {"application/json": {"schema": {"$ref": _REFERENCE.format(name=kind.__name__)}}},
    }


def _component(kind: type[msgspec.Struct], components: dict[str, Any]) -> dict[str, Any]:
    """Describe `kind` and what it is made of in `components`, and return its own description."""
    _, found = msgspec.json.schema_components((kind,), ref_template=_REFERENCE)
    for name, rule in rules_of(kind).items():
        if rule:
            found[kind.__name__]["properties"][name]["description"] = _sentence(rule)
    components.update((name, _javascript(component)) for name, component in found.items())
    own: dict[str, Any] = _javascript(found[kind.__name__])
    return own


def _javascript(node: Any) -> Any:  # noqa: ANN401 - JSON
    r"""Spell patterns as OpenAPI does: in JavaScript's, `$` means the very end and `\Z` means nothing."""
    if isinstance(node, Mapping):
        return {
            key: value.replace(r"\Z", "$") if key == "pattern" and isinstance(value, str) else _javascript(value)
            for key, value in node.items()
        }
    return [_javascript(item) for item in node] if isinstance(node, list) else node


def _sentence(rule: str) -> str:
    return f"{rule[:1].upper()}{rule[1:]}."
