from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.sandbox.answering.chat.thoughts import ThoughtFilter

_THOUGHT = "<think>\nThe user greets me. <b>Hm.</b>\n</think>\n\nGood day. 1 < 2."


def _said(*pieces: str) -> str:
    thoughts = ThoughtFilter()
    return "".join([*map(thoughts.add, pieces), thoughts.rest()])


@given(st.lists(st.integers(0, len(_THOUGHT)), max_size=8))
def test_thoughts_are_left_out_wherever_the_words_are_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(_THOUGHT)]
    assert _said(*(_THOUGHT[a:b] for a, b in pairwise(edges))) == "Good day. 1 < 2."


@pytest.mark.parametrize(
    "words", ["Good day.", "<b>Good</b> day.", "  Good", "<thin", "Some <think> in the middle </think>.", ""]
)
@pytest.mark.parametrize("at_once", [True, False])
def test_everything_else_is_said_as_it_is(words: str, at_once: bool) -> None:  # noqa: FBT001 - a case
    assert _said(*([words] if at_once else words)) == words


def test_words_are_given_on_as_soon_as_they_cannot_be_a_thought() -> None:
    thoughts = ThoughtFilter()
    assert [thoughts.add(words) for words in ("<", "3", " you")] == ["", "<3", " you"]


def test_a_thought_without_end_is_no_answer_and_takes_no_room() -> None:
    thoughts = ThoughtFilter()
    assert not any(thoughts.add(words) for words in ["<think>", *["x" * 1_000] * 100])
    assert thoughts.rest() == ""
    assert len(thoughts._held) < 100


def test_a_second_thought_before_the_answer_is_left_out_too() -> None:
    assert _said("<think>a</think> <think>b</think> Yes.") == "Yes."
