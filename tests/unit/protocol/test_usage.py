"""Tokens are counted as upstream bills them, and add up."""

from limi.protocol.generation import ItemType, Role
from limi.protocol.items import Item, Part, PartType
from limi.protocol.usage import (
    Cache,
    Counted,
    InputTokens,
    OutputTokens,
    RateLimit,
    count_item,
    count_text,
    total_of,
    usage_to_wire,
)
from tests.unit.protocol.harness import check_usage, pcm


def item(part_type: PartType, *, text: str | None = None, milliseconds: int = 0) -> Item:
    part = Part(type=part_type, text=text)
    part.add_audio(pcm(milliseconds))
    return Item(id="i", type=ItemType.MESSAGE, role=Role.USER, parts=[part])


def test_the_public_measurement_is_met() -> None:
    # 5.85 s heard cost 58 tokens, 7.30 s spoken cost 146.
    assert count_item(item(PartType.INPUT_AUDIO, milliseconds=5850)).tokens.audio == 58
    assert count_item(item(PartType.OUTPUT_AUDIO, milliseconds=7300)).tokens.audio == 146


def test_a_users_transcript_is_no_input_and_the_assistants_is() -> None:
    heard = item(PartType.INPUT_AUDIO, text="12345678", milliseconds=100)
    said = item(PartType.OUTPUT_AUDIO, text="12345678", milliseconds=100)
    assert count_item(heard).tokens == InputTokens(text=0, audio=1)
    assert count_item(said).tokens == InputTokens(text=2, audio=2)


def test_instructions_calls_and_pictures_count() -> None:
    call = Item(id="c", type=ItemType.FUNCTION_CALL, name="look", call_id="call_1", arguments="{}")
    output = Item(id="o", type=ItemType.FUNCTION_CALL_OUTPUT, call_id="call_1", output="12345")
    pieces = [count_text("123456789"), *map(count_item, [call, output, item(PartType.INPUT_IMAGE)])]
    assert total_of(pieces) == InputTokens(text=3 + 1 + 1 + 2, image=85)


def test_the_cache_holds_what_is_read_unchanged_from_the_start() -> None:
    start, spoken = Counted("be kind", InputTokens(text=10)), Counted("item_1", InputTokens(audio=5))
    more, picture = Counted("item_2", InputTokens(text=20)), Counted("item_3", InputTokens(image=85))
    cache = Cache()
    first = cache.applied_to([start, spoken])
    assert (first.text, first.audio, first.cached_text, first.cached_audio) == (10, 5, 0, 0)
    cache.remember([start, spoken, more])
    second = cache.applied_to([start, spoken, more, picture])
    assert (second.cached_text, second.cached_audio, second.cached_image) == (30, 5, 0)
    check_usage(usage_to_wire(second, OutputTokens(text=3, audio=7)))


def test_instructions_are_counted_and_not_printed() -> None:
    assert "secret" not in repr(count_text("a secret plan"))


def test_a_change_at_the_start_empties_the_cache_behind_it() -> None:
    start, spoken = Counted("be kind", InputTokens(text=10)), Counted("item_1", InputTokens(audio=5))
    cache = Cache()
    cache.remember([start, spoken, Counted("item_2", InputTokens(text=7))])
    heard_less = cache.applied_to(
        [start, Counted("item_1", InputTokens(audio=2)), Counted("item_2", InputTokens(text=7))]
    )
    assert (heard_less.cached_text, heard_less.cached_audio) == (10, 0)
    other = cache.applied_to([Counted("be rude", InputTokens(text=10)), spoken])
    assert (other.cached_text, other.cached_audio) == (0, 0)


def test_the_rate_limit_recovers_with_time() -> None:
    limit = RateLimit(tokens_per_minute=600, now=0)
    assert limit.spend(300, 0)[0]["remaining"] == 300
    assert limit.spend(0, 15)[0] == {"name": "tokens", "limit": 600, "remaining": 450, "reset_seconds": 15.0}
    assert limit.spend(0, 999)[0]["remaining"] == 600
    assert limit.spend(9_999, 999)[0]["remaining"] == 0
