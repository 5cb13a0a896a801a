"""The API described in OpenAPI 3.1: Litestar's account of its routes, and the mint's own, which it cannot see."""

from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig

from limi.features.client_secrets.model import MINT_RULES, MintRequest
from limi.http.errors import ErrorBody
from limi.http.input_schemas import IDEMPOTENCY_KEY, add_inputs, header_parameter
from limi.http.mint import MINT_PATH, MintAnswer
from limi.kernel.errors import CATALOGUE

__all__ = ["describe_api"]

_REFERENCE: Final = "#/components/schemas/{name}"
_DESCRIPTION: Final = (
    "Mints short-lived keys for OpenAI's realtime models. Every error has the same body; its `reference` is a "
    "page that says what to check."
)
_REQUEST_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "everything by default": {"value": {}},
    "a named session": {"value": {"sessionId": "session-123", "model": "gpt-realtime-2.1"}},
    "text only": {"value": {"capabilities": ["text_input", "text_output"]}},
}
_ANSWER_EXAMPLE: Final = {
    "ephemeralKey": "ek_0123456789abcdef0123456789abcdef",
    "expiresAt": 1757975946,
    "sessionId": "session-123",
    "model": "gpt-realtime-2.1",
    "requestId": "abc123",
    "urls": {
        "webrtc": "https://api.openai.com/v1/realtime/calls",
        "websocket": "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1",
    },
    "mode": "direct",
}
_MINT_ERRORS: Final = (
    "invalid_request",
    "auth_required",
    "forbidden",
    "tenant_suspended",
    "request_timeout",
    "idempotency_conflict",
    "payload_too_large",
    "unsupported_media_type",
    "rate_limit_exceeded",
    "openai_rate_limited",
    "internal_error",
    "openai_auth_failed",
    "token_generation_failed",
    "audit_unavailable",
    "access_unavailable",
    "overloaded",
    "openai_timeout",
)


def describe_api(handlers: Sequence[HTTPRouteHandler], *, version: str) -> Mapping[str, Any]:
    """Return the whole description as builtins."""
    # An application of its own describes the routes, because the serving one would serve the description as well,
    # at paths and to callers of Litestar's choosing.
    config = OpenAPIConfig(title="Limi", version=version, description=_DESCRIPTION, use_handler_docstrings=True)
    # Without `logging_config=None` it would also take the root logger over, in the middle of serving.
    describer = Litestar(list(handlers), openapi_config=config, logging_config=None)
    schema = describer.openapi_schema.to_schema()
    add_inputs(schema, handlers)
    _name_answers(schema)
    mint, components = _mint_operation()
    schema["paths"] = {MINT_PATH: {"post": mint}, **schema["paths"]}
    schema.setdefault("components", {}).setdefault("schemas", {}).update(components)
    schema["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    return schema


def _name_answers(schema: Mapping[str, Any]) -> None:
    """Say "OK" where nothing is said of an answer: Litestar's own words are those of 1996, about documents."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            for number, answer in operation["responses"].items():
                status = HTTPStatus(int(number))
                if answer["description"] == status.description:
                    answer["description"] = status.phrase


@cache
def _mint_operation() -> tuple[dict[str, Any], dict[str, Any]]:
    (request, answer, error), components = msgspec.json.schema_components(
        (MintRequest, MintAnswer, ErrorBody), ref_template=_REFERENCE
    )
    for name, rule in MINT_RULES.items():
        # OpenAPI's patterns are JavaScript's, in which `$` means the very end and `\Z` means nothing.
        member = components["MintRequest"]["properties"][name]
        member["description"] = f"It {rule}."
        if "pattern" in member:
            member["pattern"] = member["pattern"].replace(r"\Z", "$")
    operation = {
        "tags": ["Client secrets"],
        "summary": "Mint an ephemeral key",
        "description": "Hands out a key with which a client opens a realtime session by itself.",
        "operationId": "MintClientSecret",
        "security": [{}, {"key": []}],
        "parameters": [header_parameter(*header) for header in _HEADERS],
        "requestBody": {"content": {"application/json": {"schema": request, "examples": _REQUEST_EXAMPLES}}},
        "responses": {
            "200": {
                "description": "The key, and the URLs it opens",
                "content": {"application/json": {"schema": answer, "example": _ANSWER_EXAMPLE}},
            },
            **_error_responses(error),
        },
    }
    return operation, components


_HEADERS: Final = (
    (*IDEMPOTENCY_KEY, "A repeat with the same value and body gets the same key."),
    ("X-Client-Version", None, "The application's version, for the log."),
    ("X-Limi-Client", None, "The client library and its version, as `react/1.0.0`."),
    ("X-Request-ID", None, "Echoed when it is 1–100 characters of A–Z a–z 0–9 . _ -, else replaced."),
)


def _error_responses(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Group the codes by status, because OpenAPI has one entry a status."""
    responses: dict[str, Any] = {}
    for code in _MINT_ERRORS:
        entry = CATALOGUE[code]
        example = ErrorBody(
            error=entry.title,
            message=entry.message,
            code=code,
            request_id="abc123",
            reference=f"http://localhost:3001/errors/{code}",
            action=entry.action,
            retry_after=entry.retry_after_ms,
        )
        response = responses.setdefault(
            str(entry.status),
            {"description": "", "content": {"application/json": {"schema": schema, "examples": {}}}},
        )
        response["description"] = " · ".join(filter(None, (response["description"], f"{code}: {entry.message}")))
        response["content"]["application/json"]["examples"][code] = {"value": msgspec.to_builtins(example)}
    return responses
