"""What an `error` event means for the connection. Most mean nothing: the session goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["Verdict", "verdict_of"]

_ENDINGS: Final = frozenset(
    {
        "session_ended",
        "call_ended",
        "budget_exceeded",
        "insufficient_quota",
        "invalid_model",
        "missing_model",
        "model_not_found",
    }
)
"""A budget, a longest duration or an operator ended the call; or what was asked for does not exist."""


@dataclass(frozen=True)
class Verdict:
    """What an error event announces."""

    kind: Literal["ended", "closing"]
    """`ended`: the call is over for good. `closing`: the session is, and another with a fresh key is welcome."""
    code: str
    """For a loss, the code that it is known by."""
    reason: str
    """The server's own words."""


def verdict_of(event: Mapping[str, Any]) -> Verdict | None:
    """Return what an event announces, or None if the session goes on."""
    error = event.get("error") if event.get("type") == "error" else None
    if not isinstance(error, dict):
        return None
    code, message = error.get("code"), error.get("message")
    reason = message if isinstance(message, str) and message else str(code)
    if code in _ENDINGS:
        return Verdict("ended", "session_ended", reason)
    if code == "invalid_api_key":
        return Verdict("closing", "token_expired", reason)
    if code == "session_expired":
        return Verdict("closing", "network_error", reason)
    return None
