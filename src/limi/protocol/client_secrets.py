"""The body of `POST /v1/realtime/client_secrets`, read strictly, and its answer."""

from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta

from limi.protocol.session_config import SessionConfig, default_config
from limi.protocol.session_echo import session_to_wire
from limi.protocol.session_request import parse_session
from limi.protocol.session_update import config_from_request
from limi.protocol.wire import Strict, convert, decode_object

__all__ = [
    "ClientSecretRequest",
    "client_secret_response",
    "parse_client_secret_request",
    "parse_session_config",
]

DEFAULT_LIFE_SECONDS: Final = 600
"""Upstream's default."""


class _ExpiresAfter(Strict, frozen=True, kw_only=True):
    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, Meta(ge=10, le=7200)] = DEFAULT_LIFE_SECONDS


class _Body(Strict, frozen=True, kw_only=True):
    expires_after: _ExpiresAfter = _ExpiresAfter()
    session: Any = UNSET


@dataclass(frozen=True, slots=True)
class ClientSecretRequest:
    """A valid request: how long the secret lives and what session it opens."""

    expires_after_seconds: int
    config: SessionConfig


def parse_client_secret_request(body: bytes, *, default_model: str) -> ClientSecretRequest:
    """Read a request body; an empty body means `{}`, because both members are optional.

    Args:
        body: The JSON text as it arrived.
        default_model: The model of a session that names none.

    Raises:
        ProtocolError: The body breaks a rule; it carries upstream's code, message and param.
    """
    parsed = convert(decode_object(body) if body else {}, _Body)
    if parsed.session is UNSET:
        config = default_config(model=default_model)
    else:
        config = parse_session_config(parsed.session, default_model=default_model)
    return ClientSecretRequest(expires_after_seconds=parsed.expires_after.seconds, config=config)


def parse_session_config(session: object, *, default_model: str) -> SessionConfig:
    """Return the configuration that a session object describes, such as the `session` part beside an SDP offer.

    Raises:
        ProtocolError: The object breaks a rule.
    """
    return config_from_request(parse_session(session), default_model=default_model)


def client_secret_response(
    *, value: str, expires_at: int, session_id: str, config: SessionConfig
) -> dict[str, Any]:
    """Return the answer: exactly `value`, `expires_at` and `session`.

    Args:
        value: The secret.
        expires_at: The secret's end in Unix seconds; that of the session reads 0, because it has not begun.
        session_id: `sess_…`.
        config: What the session is set to.
    """
    session = session_to_wire(config, session_id=session_id, expires_at=0)
    return {"value": value, "expires_at": expires_at, "session": session}
