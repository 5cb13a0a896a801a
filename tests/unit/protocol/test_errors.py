"""An error is the same on a session and in an HTTP answer."""

import pytest

from limi.protocol.errors import (
    ArrayTooLongError,
    InvalidEventError,
    InvalidJSONError,
    InvalidValueError,
    MissingParameterError,
    ProtocolError,
    RefusedError,
    StringTooLongError,
    TooManyPropertiesError,
    UnknownParameterError,
    error_body,
)


def test_the_body_has_four_members() -> None:
    assert error_body(UnknownParameterError("model")) == {
        "error": {
            "message": "Unknown parameter: 'model'.",
            "type": "invalid_request_error",
            "code": "unknown_parameter",
            "param": "model",
        }
    }


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidJSONError("m"), "invalid_json"),
        (InvalidEventError("m"), "invalid_event"),
        (MissingParameterError("p"), "missing_required_parameter"),
        (InvalidValueError("p", "m"), "invalid_value"),
        (StringTooLongError("p", 7), "string_above_max_length"),
        (ArrayTooLongError("p", 7), "array_above_max_length"),
        (TooManyPropertiesError("p", 7), "object_above_max_properties"),
        (RefusedError(code="c", message="m"), "c"),
    ],
)
def test_every_error_is_a_protocol_error_with_its_code(error: ProtocolError, code: str) -> None:
    assert error.code == code
    assert str(error) == error.message


def test_what_is_quoted_is_bounded() -> None:
    error = InvalidValueError("p" * 10_000, "m" * 10_000)
    assert len(error.message) == 1_000
    assert len(error.param or "") == 300
