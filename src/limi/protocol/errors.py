"""What can be wrong with something a client sent, in upstream's words.

    ProtocolError
    ├── InvalidJSONError           the text is no JSON object
    ├── InvalidEventError          the frame cannot be an event at all
    ├── UnknownParameterError      a member nobody knows
    ├── MissingParameterError      a member that must be there
    ├── InvalidValueError          a member that breaks a rule
    ├── StringTooLongError         a text beyond its bound
    ├── ArrayTooLongError          a list beyond its bound
    ├── TooManyPropertiesError     an object with more members than it may have
    └── RefusedError               well formed, but not possible now; `code` says why

The same error becomes an `error` event on a session and the body of an HTTP answer.
Codes come from captures of the live service where there are any; where a code is formed by analogy, the place that
raises it says so.
"""

from typing import Any, Final

__all__ = [
    "ArrayTooLongError",
    "InvalidEventError",
    "InvalidJSONError",
    "InvalidValueError",
    "MissingParameterError",
    "ProtocolError",
    "RefusedError",
    "StringTooLongError",
    "TooManyPropertiesError",
    "UnknownParameterError",
    "error_body",
]

INVALID_REQUEST: Final = "invalid_request_error"

_MESSAGE_CHARACTERS: Final = 1_000
_PARAM_CHARACTERS: Final = 300


class ProtocolError(Exception):
    """Something a client sent cannot be accepted.

    Attributes:
        code: Upstream's stable code.
        message: A sentence for people.
        param: The path of the member that is wrong, such as `session.tools[0].name`, or None.
        type: Upstream's class of error; always `invalid_request_error` here.
    """

    type: str = INVALID_REQUEST

    def __init__(self, *, code: str, message: str, param: str | None = None) -> None:
        # What a client sent is quoted in both, and it may be megabytes long.
        self.code = code
        self.message = message[:_MESSAGE_CHARACTERS]
        self.param = param and param[:_PARAM_CHARACTERS]
        super().__init__(self.message)


class InvalidJSONError(ProtocolError):
    """The text is no JSON."""

    def __init__(self, message: str) -> None:
        super().__init__(code="invalid_json", message=message)


class InvalidEventError(ProtocolError):
    """The frame cannot be an event: binary, or too large."""

    def __init__(self, message: str) -> None:
        super().__init__(code="invalid_event", message=message)


class UnknownParameterError(ProtocolError):
    """A member that is not defined at this place."""

    def __init__(self, param: str) -> None:
        super().__init__(code="unknown_parameter", message=f"Unknown parameter: '{param}'.", param=param)


class MissingParameterError(ProtocolError):
    """A required member is absent."""

    def __init__(self, param: str) -> None:
        message = f"Missing required parameter: '{param}'."
        super().__init__(code="missing_required_parameter", message=message, param=param)


class InvalidValueError(ProtocolError):
    """A member breaks a rule; the message names the rule."""

    def __init__(self, param: str | None, message: str) -> None:
        super().__init__(code="invalid_value", message=message, param=param)


class StringTooLongError(ProtocolError):
    """A text is longer than the member may hold."""

    def __init__(self, param: str, longest: int) -> None:
        message = f"Invalid '{param}': string too long. Expected a string with maximum length {longest}."
        super().__init__(code="string_above_max_length", message=message, param=param)


class ArrayTooLongError(ProtocolError):
    """A list has more entries than the member may hold."""

    def __init__(self, param: str, longest: int) -> None:
        message = f"Invalid '{param}': array too long. Expected an array with maximum length {longest}."
        super().__init__(code="array_above_max_length", message=message, param=param)


class TooManyPropertiesError(ProtocolError):
    """An object has more members than it may."""

    def __init__(self, param: str, most: int) -> None:
        message = f"Invalid '{param}': too many properties. Expected an object with at most {most} properties."
        super().__init__(code="object_above_max_properties", message=message, param=param)


class RefusedError(ProtocolError):
    """A well-formed request that the state of the session does not allow."""


def error_body(error: ProtocolError) -> dict[str, Any]:
    """Return upstream's HTTP error body: one object with exactly four members."""
    return {
        "error": {
            "message": error.message,
            "type": error.type,
            "code": error.code,
            "param": error.param,
        }
    }
