"""The outbox hands everything out once, in order, as it was when it was said."""

import json

from limi.protocol import Close
from limi.protocol.errors import MissingParameterError
from limi.protocol.outbox import Outbox
from tests.unit.protocol.harness import counting_ids


def test_events_are_encoded_at_once_with_an_id() -> None:
    outbox = Outbox(new_id=counting_ids())
    item = {"id": "a"}
    outbox.send("conversation.item.added", item=item)
    item["id"] = "changed"
    (event,) = outbox.take_events()
    assert json.loads(event) == {
        "type": "conversation.item.added",
        "event_id": "event_000000000000000000001",
        "item": {"id": "a"},
    }
    assert outbox.take_events() == []


def test_a_piece_of_something_carries_random_text_beside_it() -> None:
    outbox = Outbox(new_id=counting_ids())
    outbox.send_delta("response.output_text.delta", delta="Hi")
    event = json.loads(outbox.take_events()[0])
    assert event["delta"] == "Hi"
    assert len(event["obfuscation"]) == 16
    assert event["event_id"].endswith(event["obfuscation"])


def test_an_error_repeats_the_id_of_its_cause() -> None:
    outbox = Outbox(new_id=counting_ids())
    outbox.send_error(MissingParameterError("item"), caused_by="mine")
    assert json.loads(outbox.take_events()[0])["error"] == {
        "type": "invalid_request_error",
        "code": "missing_required_parameter",
        "message": "Missing required parameter: 'item'.",
        "param": "item",
        "event_id": "mine",
    }


def test_effects_keep_their_order() -> None:
    outbox = Outbox(new_id=counting_ids())
    outbox.do(Close(1000, "a"))
    outbox.do(Close(1001, "b"))
    assert outbox.take_effects() == [Close(1000, "a"), Close(1001, "b")]
    assert outbox.take_effects() == []
