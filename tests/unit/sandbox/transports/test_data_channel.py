"""What fits into a message of a data channel, and what waits behind one."""

import asyncio
import json
import sys
from typing import Any

from limi.protocol import ids_from_hex
from limi.sandbox.transports.data_channel import MAX_MESSAGE_BYTES, Inbox, fit_message


def _fitted(event: dict[str, Any], ids: Any, most_bytes: int = sys.maxsize) -> Any:
    encoded = json.dumps(event, separators=(",", ":")).encode()
    message = fit_message(encoded, most_bytes=most_bytes, new_id=ids_from_hex(ids.hex))
    assert len(message) <= min(most_bytes, MAX_MESSAGE_BYTES)
    return json.loads(message)


def _item(**content: Any) -> dict[str, Any]:
    return {"id": "item_1", "type": "message", "role": "user", "content": [content]}


def test_an_event_that_fits_is_not_touched(ids: Any) -> None:
    event = b'{ "type":"session.created", "session":{"audio":{"input":null}} }'
    assert fit_message(event, most_bytes=16_384, new_id=ids_from_hex(ids.hex)) is event


def test_a_retrieved_item_has_its_transcript_only(ids: Any) -> None:
    item = _item(type="input_audio", transcript="Hello.", audio="AAAA")
    fitted = _fitted({"type": "conversation.item.retrieved", "event_id": "event_1", "item": item}, ids)
    assert fitted["item"]["content"] == [{"type": "input_audio", "transcript": "Hello."}]
    assert fitted["event_id"] == "event_1"


def test_what_is_too_large_loses_its_images(ids: Any) -> None:
    item = _item(type="input_image", image_url="data:image/png;base64," + "A" * 300_000, detail="auto")
    fitted = _fitted({"type": "conversation.item.added", "event_id": "event_1", "item": item}, ids)
    assert fitted["item"]["content"] == [{"type": "input_image", "detail": "auto"}]


def test_what_is_too_large_even_so_is_told(ids: Any) -> None:
    session = {"instructions": "x" * 300_000, "audio": {"input": {"format": "audio/pcm"}}}
    _is_told({"type": "session.updated", "event_id": "event_1", "session": session}, ids)


def test_a_client_that_takes_less_gets_less(ids: Any) -> None:
    session = {"instructions": "x" * 20_000}
    _is_told({"type": "session.updated", "event_id": "event_1", "session": session}, ids, 16_384)


def _is_told(event: dict[str, Any], ids: Any, most_bytes: int = sys.maxsize) -> None:
    fitted = _fitted(event, ids, most_bytes)
    assert fitted["type"] == "error"
    assert fitted["event_id"].startswith("event_")
    assert fitted["error"]["code"] == "event_too_large"
    assert "session.updated" in fitted["error"]["message"]


async def test_messages_come_out_in_order() -> None:
    inbox = Inbox(limit_bytes=100)
    waiting = asyncio.ensure_future(inbox.take())
    await asyncio.sleep(0)
    assert inbox.put("one")
    assert inbox.put(b"two")
    assert await asyncio.wait_for(waiting, 1) == "one"
    assert await inbox.take() == b"two"


async def test_what_has_no_room_is_not_taken() -> None:
    inbox = Inbox(limit_bytes=10)
    assert inbox.put("x" * 10)
    assert not inbox.put("y")
    await inbox.take()
    assert inbox.put("z")
