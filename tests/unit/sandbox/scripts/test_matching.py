import pytest

from limi.sandbox.scripts.expressions import Expression
from limi.sandbox.scripts.matching import Anything, Contains, Exactly, Matcher, Matches, Nothing, plain_words


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Hello, World!", "hello world"),
        ("  What's   the\nweather? ", "what's the weather"),
        ("“It’s fine” – really…", "it's fine really"),
        ("'quoted'", "quoted"),
        ("snake_case", "snake case"),
        ("STRASSE Straße", "strasse strasse"),
        ("?!", ""),
    ],
)
def test_case_punctuation_and_spacing_do_not_count(text: str, plain: str) -> None:
    assert plain_words(text) == plain


@pytest.mark.parametrize(
    ("matcher", "words", "fits"),
    [
        (Anything(), "whatever", True),
        (Anything(), None, True),
        (Nothing(), None, True),
        (Nothing(), "hello", False),
        (Exactly("Hello there"), "hello, there!", True),
        (Exactly("Hello there"), "hello there you", False),
        (Exactly("Hello there"), None, False),
        (Contains(("weather", "in Rome")), "How's the weather in Rome?", True),
        (Contains(("weather", "in Rome")), "How's the weather in Romeo?", False),
        (Contains(("weather",)), None, False),
        (Matches(Expression("book .* two")), "Please Book a table for Two", True),
        (Matches(Expression("book")), "table", False),
        (Matches(Expression("book")), None, False),
    ],
)
def test_words_fit_or_they_do_not(matcher: Matcher, words: str | None, fits: bool) -> None:  # noqa: FBT001
    assert (matcher.taken(words) is not None) is fits


def test_groups_are_taken_over_by_name_and_by_number() -> None:
    matcher = Matches(Expression(r"from (\w+) to (?P<goal>\w+)(?: at (\d+))?"))
    assert matcher.taken("from Rome to Paris") == {
        "0": "from Rome to Paris",
        "1": "Rome",
        "2": "Paris",
        "3": "",
        "goal": "Paris",
    }
    assert matcher.names == {"0", "1", "2", "3", "goal"}


def test_a_matcher_says_in_words_what_it_is_for() -> None:
    matchers = (Anything(), Nothing(), Exactly("Hi"), Contains(("a", "b")), Matches(Expression("x+")))
    assert [str(matcher) for matcher in matchers] == [
        "anything",
        "nothing said yet",
        '"Hi"',
        'something with "a" and "b"',
        "something like /x+/",
    ]
