"""What no longer fits into the model's context is left out from the oldest item on."""

from typing import Any

import pytest

from limi.protocol import Limits
from limi.protocol.context import Truncation, fit_context
from limi.protocol.errors import RefusedError
from limi.protocol.generation import ItemType, Role
from limi.protocol.items import Item, Part, PartType
from limi.protocol.session_request import RetentionRatio, TokenLimits
from tests.unit.protocol.harness import Harness, manual_config, only_error

NO_INSTRUCTIONS = manual_config(instructions="")


def items(*tokens: int) -> list[Item]:
    """Return messages of so many tokens each."""
    return [
        Item(
            id=str(index),
            type=ItemType.MESSAGE,
            role=Role.USER,
            parts=[Part(type=PartType.INPUT_TEXT, text="four" * count)],
        )
        for index, count in enumerate(tokens)
    ]


def kept(given: list[Item], truncation: Truncation, room: int) -> list[str]:
    """Return the ids of what is read."""
    return [item.id for item in fit_context(given, truncation=truncation, room=room).items]


def answered(talk: Harness, **response: Any) -> dict[str, Any]:
    """Run a response without words; return it as it ended."""
    response_id = talk.start_response(**response).response_id
    events = talk.report(talk.session.finish, response_id, talk.now)
    done: dict[str, Any] = events[0]["response"]
    return done


@pytest.mark.parametrize("truncation", ["auto", "disabled", RetentionRatio(retention_ratio=0.1)])
def test_what_fits_is_read_whole(truncation: Truncation) -> None:
    assert kept(items(5, 5), truncation, 10) == ["0", "1"]


def test_the_oldest_items_go_until_the_rest_fits() -> None:
    assert kept(items(5, 5, 5), "auto", 10) == ["1", "2"]
    assert kept(items(5, 5, 5), "auto", 9) == ["2"]


def test_a_ratio_makes_room_for_what_is_to_come() -> None:
    assert kept(items(3, 3, 3, 3), RetentionRatio(retention_ratio=0.6), 10) == ["2", "3"]


def test_the_newest_item_is_read_in_any_case() -> None:
    assert kept(items(5, 50), RetentionRatio(retention_ratio=0.0), 10) == ["1"]


def test_a_client_may_set_a_lower_bound_but_no_higher_one() -> None:
    lower = RetentionRatio(retention_ratio=1.0, token_limits=TokenLimits(post_instructions=6))
    higher = RetentionRatio(retention_ratio=1.0, token_limits=TokenLimits(post_instructions=600))
    assert kept(items(3, 3, 3), lower, 100) == ["1", "2"]
    assert kept(items(3, 3, 3), higher, 6) == ["1", "2"]
    assert kept(items(3, 3, 3), RetentionRatio(retention_ratio=1.0, token_limits=TokenLimits()), 6) == ["1", "2"]


def test_without_truncation_too_much_is_an_error() -> None:
    with pytest.raises(RefusedError, match="15 tokens behind the instructions, but the model takes at most 10"):
        fit_context(items(5, 5, 5), truncation="disabled", room=10)


def test_a_long_conversation_is_cut_once_and_then_cached_again() -> None:
    """Cutting to a ratio empties the cache for one response, after which the beginning stays the same."""
    talk = Harness(NO_INSTRUCTIONS, limits=Limits(context_tokens=100))
    talk.client(
        "session.update",
        session={"type": "realtime", "truncation": {"type": "retention_ratio", "retention_ratio": 0.5}},
    )
    read, cached = [], []
    for _ in range(8):
        talk.user_says("four" * 20)
        details = answered(talk)["usage"]["input_token_details"]
        read.append(details["text_tokens"])
        cached.append(details["cached_tokens"])
    assert read == [20, 40, 60, 80, 100, 40, 60, 80]
    assert cached == [0, 20, 40, 60, 80, 0, 40, 60]


def test_what_was_left_out_stays_in_the_conversation() -> None:
    talk = Harness(NO_INSTRUCTIONS, limits=Limits(context_tokens=30))
    talk.user_says("four" * 20, id="first")
    talk.user_says("four" * 20, id="second")
    assert [item.id for item in talk.start_response().request.context] == ["second"]
    talk.client("response.cancel")
    (retrieved,) = talk.client("conversation.item.retrieve", item_id="first")
    assert retrieved["item"]["content"][0]["text"]
    reference = {"type": "item_reference", "id": "first"}
    assert [item.id for item in talk.start_response(input=[reference]).request.context] == ["first"]


def test_a_response_beside_the_conversation_cuts_nothing_for_others() -> None:
    talk = Harness(NO_INSTRUCTIONS, limits=Limits(context_tokens=30))
    talk.user_says("four" * 10, id="first")
    talk.user_says("four" * 10, id="second")
    aside = talk.start_response(conversation="none", instructions="four" * 15)
    assert [item.id for item in aside.request.context] == ["second"]
    assert [item.id for item in talk.start_response().request.context] == ["first", "second"]


def test_the_client_is_told_when_nothing_may_be_cut() -> None:
    talk = Harness(NO_INSTRUCTIONS, limits=Limits(context_tokens=30))
    talk.client("session.update", session={"type": "realtime", "truncation": "disabled"})
    talk.user_says("four" * 40)
    error = only_error(talk.client("response.create", event_id="r"))
    assert (error["code"], error["event_id"]) == ("context_length_exceeded", "r")
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "four" * 40}]}
    own = only_error(talk.client("response.create", response={"input": [message]}))
    assert own["code"] == "context_length_exceeded"
