import time

import pytest

from limi.sandbox.scripts.expressions import Expression, ExpressionError


def test_groups_are_taken_by_name_and_by_number() -> None:
    expression = Expression(r"from (\w+) to (?P<goal>\w+)(?: at (\d+))?")
    found = {"0": "from Rome to Paris", "1": "Rome", "2": "Paris", "3": "", "goal": "Paris"}
    assert expression.search("I fly from Rome to Paris.") == found
    assert expression.names == {"0", "1", "2", "3", "goal"}
    assert expression.search("I fly to Paris") is None


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("HELLO", "Oh hello you", "hello"),
        ("ÄRGER", "so ein ärger", "ärger"),
        (r"in (\w+)", "Wetter in Zürich heute", "in Zürich"),
        (r"in ([\w-]+)", "in Aix-en-Provençe", "in Aix-en-Provençe"),
        (r"[]\w]+", "a]é!", "a]é"),
        (r"[^\w]+", "né? où", "? "),
        (r"\W+", "né? où", "? "),
        (r"[[:digit:]\w]+", "é1", "é1"),
        (r"\d+", "room ٣٤", "٣٤"),
        (r"\D+", "12ab34", "ab"),
        (r"end\Z", "the end", "end"),
        (r"\\w", r"a \w b", r"\w"),
        (r"\[\w\]", "[é]", "[é]"),
    ],
)
def test_letters_and_digits_are_those_of_all_languages(text: str, words: str, found: str) -> None:
    taken = Expression(text).search(words)
    assert taken is not None
    assert taken["0"] == found


@pytest.mark.parametrize("text", ["(", "[a", "a**", r"(a)\1", "(?=a)", "(?<!a)b"])
def test_what_is_none_or_cannot_be_followed_in_linear_time_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        Expression(text)
    assert str(caught.value)


def test_one_that_would_grow_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(ExpressionError):
        Expression("((a{1,100}){1,100}){1,100}")


@pytest.mark.parametrize("text", ["(a+)+b", "(a|a)*b", "(a|aa)+$b", r"(\w+\s?)+!", "(.*)*(.*)*(.*)*x"])
def test_no_expression_holds_the_loop_up(text: str) -> None:
    """Python's own engine would not come back; measured in this thread's own processor time."""
    expression = Expression(text)
    expression.search("warm up")
    begun = time.thread_time()
    assert expression.search("a" * 100_000) is None
    assert time.thread_time() - begun < 0.02


def test_only_the_beginning_of_a_very_long_text_is_looked_at() -> None:
    assert Expression("end").search("x" * 4_093 + "end") is not None
    assert Expression("end").search("x" * 4_094 + "end") is None
