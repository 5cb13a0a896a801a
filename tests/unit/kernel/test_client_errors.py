"""The codes that clients raise, against the contract's."""

from limi.kernel.client_errors import CLIENT_ENTRIES
from limi.kernel.errors import CATALOGUE

PROMISED = {
    "openai_client_secret_failed",
    "token_generation_timeout",
    "webrtc_connection_failed",
    "ephemeral_key_invalid",
    "token_expired",
    "webrtc_unsupported",
    "microphone_denied",
    "network_error",
}
ACTIONS = {
    "token_expired": "Request a new ephemeral key",
    "webrtc_unsupported": "Fall back to WebSocket transport",
    "microphone_denied": "Request microphone permission",
    "network_error": "Check the internet connection",
}


def test_what_was_promised_is_there() -> None:
    assert {entry.code for entry in CLIENT_ENTRIES} >= PROMISED


def test_the_failure_guide_is_the_contracts() -> None:
    assert {code: CATALOGUE[code].action for code in ACTIONS} == ACTIONS


def test_the_server_answers_with_none_of_them() -> None:
    assert [entry.code for entry in CLIENT_ENTRIES if entry.status is not None] == []


def test_what_befalls_a_call_says_nothing_against_connecting() -> None:
    """Nor does what the client mends by itself."""
    assert {entry.code for entry in CLIENT_ENTRIES if not entry.ends_attempt} == {
        "session_ended",
        "webrtc_unsupported",
    }
