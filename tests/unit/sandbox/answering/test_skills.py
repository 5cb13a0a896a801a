from datetime import UTC, datetime

import pytest

from limi.sandbox.answering import skills

_NOW = datetime(2026, 3, 5, 9, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("What's the time?", "It is 09:07 universal time."),
        ("Could you tell me the time", "It is 09:07 universal time."),
        ("This time it works", None),
    ],
)
def test_telling_the_time(words: str, answer: str | None) -> None:
    assert skills.tell_time(words, _NOW) == answer


@pytest.mark.parametrize(
    "words", ["What's the date?", "what day is it", "What is today's date?", "Tell me the date"]
)
def test_telling_the_date(words: str) -> None:
    assert skills.tell_date(words, _NOW) == "It is Thursday, 5 March 2026."


def test_a_date_that_is_only_mentioned_is_not_told() -> None:
    assert skills.tell_date("A date with a friend", _NOW) is None


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Count to five, please", "1, 2, 3, 4, 5."),
        ("count", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10."),
        ("Count down from three", "3, 2, 1."),
        ("Count backwards from 12 to 10", "12, 11, 10."),
        ("Count from nineteen to twenty-two", "19, 20, 21, 22."),
        ("That counts", None),
    ],
)
def test_counting(words: str, answer: str | None) -> None:
    assert skills.count(words) == answer


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Spell banana", "B, A, N, A, N, A."),
        ("How do you spell 'Limi'?", "L, I, M, I."),
        ("Can you spell the word don't for me", "D, O, N, ', T."),
        ("A spell of rain", "O, F."),
        ("Spelling is hard", None),
        ("spell", None),
    ],
)
def test_spelling(words: str, answer: str | None) -> None:
    assert skills.spell(words) == answer


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("Repeat after me: what time is it?", "what time is it?"),
        ("Please say “good evening”", "good evening"),
        ("could you please repeat the quick brown fox", "the quick brown fox"),
        ("Say, what time is it?", None),
        ("They say hello", None),
        ("repeat", None),
    ],
)
def test_repeating_after_the_user(words: str, answer: str | None) -> None:
    assert skills.repeat_after_me(words) == answer


@pytest.mark.parametrize(
    "words", ["Say that again", "Can you repeat that, please?", "What did you say?", "Pardon?"]
)
def test_saying_something_again(words: str) -> None:
    assert skills.say_again(words, "It is blue.") == "It is blue."
    assert skills.say_again(words, None) == "I have not said anything yet."


def test_who_wants_something_else_said_does_not_get_the_last_words() -> None:
    assert skills.say_again("Repeat after me: blue", "It is red.") is None


@pytest.mark.parametrize(
    ("skill", "words", "beginning"),
    [
        (skills.identity, "Who are you?", "I am the Limi sandbox"),
        (skills.identity, "are you real", "I am the Limi sandbox"),
        (skills.help_wanted, "What can you do?", "I can tell the time"),
        (skills.help_wanted, "help", "I can tell the time"),
        (skills.sound_check, "Can you hear me?", "Yes, I am here. You said: Can you hear me?"),
        (skills.greeting, "Hi there!", "Hello!"),
        (skills.farewell, "OK, bye", "Goodbye!"),
        (skills.thanks, "Thank you!", "You are welcome."),
    ],
)
def test_small_talk(skill: object, words: str, beginning: str) -> None:
    assert callable(skill)
    assert str(skill(words)).startswith(beginning)
    assert skill("The quick brown fox jumps") is None


def test_a_longer_sentence_with_a_greeting_says_something_else() -> None:
    assert skills.greeting("Hello, I would like a table") is None
