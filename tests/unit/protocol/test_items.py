"""Items look to clients as the strictest of them demand."""

import json

import pytest

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.encoded import Picture
from limi.protocol.generation import ItemType, Role
from limi.protocol.items import Item, ItemStatus, Part, PartType
from limi.protocol.wire import encode
from tests.unit.protocol.harness import pcm, text_of


def test_user_speech_always_has_a_transcript_key() -> None:
    assert Part(type=PartType.INPUT_AUDIO).to_wire() == {"type": "input_audio", "transcript": None}


def test_other_texts_are_never_null() -> None:
    assert Part(type=PartType.OUTPUT_AUDIO).to_wire() == {"type": "output_audio", "transcript": ""}
    assert Part(type=PartType.OUTPUT_TEXT).to_wire() == {"type": "output_text", "text": ""}


def test_a_picture_keeps_its_address_and_detail() -> None:
    part = Part(type=PartType.INPUT_IMAGE, picture=Picture(b'"data:image/png;base64,AA=="'), detail="low")
    assert json.loads(encode(part.to_wire())) == {
        "type": "input_image",
        "image_url": "data:image/png;base64,AA==",
        "detail": "low",
    }


def test_audio_is_shown_up_to_a_size() -> None:
    part = Part(type=PartType.OUTPUT_AUDIO)
    part.add_audio(pcm(10))
    assert "audio" not in part.to_wire()
    assert "audio" not in part.to_wire(audio_limit=479)
    assert json.loads(encode(part.to_wire(audio_limit=480)))["audio"] == text_of(pcm(10))


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [(0, ""), (100, ""), (300, "one"), (500, "one two"), (999, "one two three"), (1000, "one two three four")],
)
def test_truncation_keeps_whole_words(milliseconds: int, words: str) -> None:
    part = Part(type=PartType.OUTPUT_AUDIO, text="one two three four")
    part.add_audio(pcm(1000))
    part.truncate(milliseconds)
    assert (part.text, part.audio_ms) == (words, milliseconds)


def test_nothing_is_added_after_a_truncation() -> None:
    part = Part(type=PartType.OUTPUT_AUDIO, audio_format=AudioFormat.PCMU)
    part.add_audio(b"\xff" * 80)
    part.truncate(10)
    part.add_audio(b"\xff" * 80)
    part.add_text("more")
    assert (part.audio_ms, part.text) == (10, None)


def test_a_generator_sees_text_and_speech() -> None:
    item = Item(
        id="i",
        type=ItemType.MESSAGE,
        role=Role.USER,
        parts=[Part(type=PartType.INPUT_TEXT, text="typed"), Part(type=PartType.INPUT_AUDIO, text="spoken")],
    )
    item.parts[1].add_audio(pcm(20))
    seen = item.to_context()
    assert (seen.text, seen.audio, seen.audio_ms) == ("typed\nspoken", pcm(20), 20)
    item.parts[1].audio = None
    assert (item.to_context().audio, item.to_context().audio_ms) == (None, 20)


def test_members_of_other_types_are_left_out() -> None:
    call = Item(id="c", type=ItemType.FUNCTION_CALL, name="f", call_id="call_1", arguments="{}")
    call.status = ItemStatus.IN_PROGRESS
    assert call.to_wire() == {
        "id": "c",
        "type": "function_call",
        "status": "in_progress",
        "name": "f",
        "call_id": "call_1",
        "arguments": "{}",
    }
