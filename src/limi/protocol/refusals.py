"""How a connection ends right after it was opened, and how a session ends at its limit.

The live service accepts the handshake, says what is wrong in an `error` event, then closes. Codes and reasons are
those captured in 2026-09.
"""

from dataclasses import dataclass

from limi.protocol.errors import ProtocolError
from limi.protocol.ids import NewId
from limi.protocol.outbox import Outbox

__all__ = ["Refusal", "refuse_beta", "refuse_key", "refuse_missing_model", "refuse_unknown_model"]

_CLOSE_KEY = 3000
_CLOSE_REQUEST = 4000


@dataclass(frozen=True, slots=True)
class Refusal:
    """Send `event`, then close with `close_code` and `close_reason`."""

    event: bytes
    close_code: int
    close_reason: str


def refuse_key(new_id: NewId) -> Refusal:
    """The key is unknown or has expired: close code 3000. The key itself is not repeated."""
    error = ProtocolError(code="invalid_api_key", message="Incorrect API key provided.")
    return _refusal(error, _CLOSE_KEY, new_id)


def refuse_missing_model(new_id: NewId) -> Refusal:
    """Neither `model` nor `intent` nor `call_id` was given: close code 4000."""
    message = "You must provide a model parameter, for example: /v1/realtime?model=gpt-realtime-2.1"
    return _refusal(ProtocolError(code="missing_model", message=message), _CLOSE_REQUEST, new_id)


def refuse_unknown_model(new_id: NewId, model: str) -> Refusal:
    """The model is not served: close code 4000."""
    message = f"Model '{model}' is not supported in realtime mode."
    return _refusal(ProtocolError(code="invalid_model", message=message), _CLOSE_REQUEST, new_id)


def refuse_beta(new_id: NewId) -> Refusal:
    """The client asked for the switched-off beta: close code 4000."""
    message = "The Realtime Beta API is no longer supported. Use /v1/realtime without the OpenAI-Beta header."
    return _refusal(ProtocolError(code="beta_api_shape_disabled", message=message), _CLOSE_REQUEST, new_id)


def _refusal(error: ProtocolError, close_code: int, new_id: NewId) -> Refusal:
    outbox = Outbox(new_id=new_id)
    outbox.send_error(error, caused_by=None)
    return Refusal(outbox.take_events()[0], close_code, f"{error.type}.{error.code}")
