"""Each ending explains itself the way upstream does."""

import pytest

from limi.protocol import IncompleteReason, StopReason
from limi.protocol.endings import Ending
from limi.protocol.items import ItemStatus


@pytest.mark.parametrize(
    ("ending", "status", "reason"),
    [
        (Ending.cancelled(StopReason.TURN_DETECTED), "cancelled", "turn_detected"),
        (Ending.cancelled(StopReason.CLIENT_CANCELLED), "cancelled", "client_cancelled"),
        (Ending.incomplete(IncompleteReason.MAX_OUTPUT_TOKENS), "incomplete", "max_output_tokens"),
        (Ending.incomplete(IncompleteReason.CONTENT_FILTER), "incomplete", "content_filter"),
    ],
)
def test_an_early_end_names_its_reason_and_leaves_items_incomplete(
    ending: Ending, status: str, reason: str
) -> None:
    assert (ending.status, ending.details) == (status, {"type": status, "reason": reason})
    assert ending.item_status is ItemStatus.INCOMPLETE


def test_a_complete_response_needs_no_explanation() -> None:
    assert Ending.completed() == Ending("completed", None)
    assert Ending.completed().item_status is ItemStatus.COMPLETED


def test_a_failure_carries_code_and_message() -> None:
    ending = Ending.failed("voice_missing", "Install it.")
    assert ending.details == {
        "type": "failed",
        "error": {"type": "server_error", "code": "voice_missing", "message": "Install it."},
    }
