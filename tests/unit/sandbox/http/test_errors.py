from limi.protocol.errors import MissingParameterError
from limi.sandbox.http.errors import HTTPError, error_response_body, invalid_key, unknown_call


def test_every_refusal_has_exactly_four_members() -> None:
    assert error_response_body(HTTPError(404, "Gone.", code="lost")) == {
        "error": {"message": "Gone.", "type": "invalid_request_error", "code": "lost", "param": None}
    }
    assert error_response_body(MissingParameterError("session.type")) == {
        "error": {
            "message": "Missing required parameter: 'session.type'.",
            "type": "invalid_request_error",
            "code": "missing_required_parameter",
            "param": "session.type",
        }
    }


def test_a_refused_key_says_how_to_send_one() -> None:
    error = invalid_key()
    assert (error.status, error.code) == (401, "invalid_api_key")
    assert "Authorization" in error.message


def test_an_unknown_call_is_told_in_upstreams_words() -> None:
    error = unknown_call()
    assert (error.status, error.code, error.param) == (404, "call_id_not_found", "")
    assert error.message == "No session found for the provided call_id"
