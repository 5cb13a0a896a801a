"""Tokens are counted as upstream bills them, and add up."""

from limi.protocol.generation import ItemType, Role
from limi.protocol.items import Item, Part, PartType
from limi.protocol.usage import Cache, InputTokens, OutputTokens, RateLimit, count_context, usage_to_wire
from tests.unit.protocol.harness import check_usage, pcm


def item(part_type: PartType, *, text: str | None = None, milliseconds: int = 0) -> Item:
    part = Part(type=part_type, text=text)
    part.add_audio(pcm(milliseconds))
    return Item(id="i", type=ItemType.MESSAGE, role=Role.USER, parts=[part])


def test_the_public_measurement_is_met() -> None:
    # 5.85 s heard cost 58 tokens, 7.30 s spoken cost 146.
    assert count_context([item(PartType.INPUT_AUDIO, milliseconds=5850)], preamble_characters=0).audio == 58
    assert count_context([item(PartType.OUTPUT_AUDIO, milliseconds=7300)], preamble_characters=0).audio == 146


def test_a_users_transcript_is_no_input_and_the_assistants_is() -> None:
    heard = item(PartType.INPUT_AUDIO, text="12345678", milliseconds=100)
    said = item(PartType.OUTPUT_AUDIO, text="12345678", milliseconds=100)
    assert count_context([heard], preamble_characters=0) == InputTokens(text=0, audio=1)
    assert count_context([said], preamble_characters=0) == InputTokens(text=2, audio=2)


def test_instructions_calls_and_pictures_count() -> None:
    call = Item(id="c", type=ItemType.FUNCTION_CALL, name="look", call_id="call_1", arguments="{}")
    output = Item(id="o", type=ItemType.FUNCTION_CALL_OUTPUT, call_id="call_1", output="12345")
    counted = count_context([call, output, item(PartType.INPUT_IMAGE)], preamble_characters=9)
    assert counted == InputTokens(text=3 + 1 + 1 + 2, image=85)


def test_the_cache_holds_what_the_last_response_read_and_no_more_than_is_read() -> None:
    cache = Cache()
    first = cache.applied_to(InputTokens(text=10, audio=5))
    assert first.cached_text == first.cached_audio == 0
    cache.remember(first)
    second = cache.applied_to(InputTokens(text=30, audio=2, image=85))
    assert (second.cached_text, second.cached_audio, second.cached_image) == (10, 2, 0)
    check_usage(usage_to_wire(second, OutputTokens(text=3, audio=7)))


def test_the_rate_limit_recovers_with_time() -> None:
    limit = RateLimit(tokens_per_minute=600, now=0)
    assert limit.spend(300, 0)[0]["remaining"] == 300
    assert limit.spend(0, 15)[0] == {"name": "tokens", "limit": 600, "remaining": 450, "reset_seconds": 15.0}
    assert limit.spend(0, 999)[0]["remaining"] == 600
    assert limit.spend(9_999, 999)[0]["remaining"] == 0
