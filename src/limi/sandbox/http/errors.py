"""Refusals over HTTP: OpenAI's one error body, with a status.

Source: https://github.com/openai/openai-openapi, schema `ErrorResponse`, whose four members are all required.
"""

from typing import Any, Final

from limi.protocol import ProtocolError

__all__ = ["HTTPError", "error_response_body", "invalid_key", "unknown_call"]

_INVALID_REQUEST: Final = "invalid_request_error"


class HTTPError(Exception):
    """A request that is refused."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = _INVALID_REQUEST,
    ) -> None:
        """Make a refusal of class `kind`, which most are because of the request."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.kind = kind


def invalid_key() -> HTTPError:
    """Return the refusal of a key, which it does not repeat."""
    message = (
        "Incorrect or missing API key. Send a standard key as `Authorization: Bearer <key>`; "
        "client secrets (ek_...) open sessions only."
    )
    return HTTPError(401, message, code="invalid_api_key")


def unknown_call() -> HTTPError:
    """Return the refusal of a call that nobody knows, in upstream's words."""
    return HTTPError(404, "No session found for the provided call_id", code="call_id_not_found", param="")


def error_response_body(error: HTTPError | ProtocolError) -> dict[str, Any]:
    """Return the body: one object with exactly four members."""
    kind = error.kind if isinstance(error, HTTPError) else error.type
    return {"error": {"message": error.message, "type": kind, "code": error.code, "param": error.param}}
