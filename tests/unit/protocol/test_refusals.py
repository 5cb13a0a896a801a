"""A connection that cannot be served is told why, then closed with upstream's code."""

import pytest

from limi.protocol import Refusal, refuse_beta, refuse_key, refuse_missing_model, refuse_unknown_model
from tests.unit.protocol.harness import checked_event, counting_ids


@pytest.mark.parametrize(
    ("refusal", "code", "close_code"),
    [
        (refuse_key(counting_ids()), "invalid_api_key", 3000),
        (refuse_missing_model(counting_ids()), "missing_model", 4000),
        (refuse_unknown_model(counting_ids(), "gpt-9"), "invalid_model", 4000),
        (refuse_beta(counting_ids()), "beta_api_shape_disabled", 4000),
    ],
)
def test_the_event_and_the_close_say_the_same(refusal: Refusal, code: str, close_code: int) -> None:
    event = checked_event(refusal.event)
    assert event["error"]["code"] == code
    assert event["error"]["type"] == "invalid_request_error"
    assert (refusal.close_code, refusal.close_reason) == (close_code, f"invalid_request_error.{code}")


def test_a_close_reason_fits_into_its_frame() -> None:
    # RFC 6455 leaves 123 bytes for a reason.
    assert len(refuse_unknown_model(counting_ids(), "x" * 5_000).close_reason.encode()) <= 123


def test_the_unknown_model_is_named() -> None:
    assert b"'gpt-9'" in refuse_unknown_model(counting_ids(), "gpt-9").event
