import pytest

from limi.sandbox.answering.known_answers import KnownAnswers

_ANSWERS = KnownAnswers(
    {
        "What does rate_limit_exceeded mean?": "too many",
        "What is error 429?": "one of two",
        "What are the limits?": "a hundred",
        "What is a leash?": "a limit on a call",
    }
)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("What does rate limit exceeded mean?", "too many"),
        ("what is error 429", "one of two"),
        ("What is a 429?", "one of two"),
        ("Yesterday evening my backend got an error 429, what was that?", "one of two"),
        ("which limits are there", "a hundred"),
        ("Tell me about the leash", "a limit on a call"),
        ("My dog has lost its leash somewhere in the park", None),
        ("429 people came to the party", None),
        ("", None),
    ],
)
def test_a_question_is_known_in_other_words(asked: str, answer: str | None) -> None:
    assert _ANSWERS.find(asked) == answer


def test_of_two_questions_the_one_that_is_meant_more_exactly_counts() -> None:
    answers = KnownAnswers({"What is the limit?": "one", "What is the rate limit?": "two"})
    assert answers.find("what's the rate limit") == "two"
    assert answers.find("what's the limit") == "one"


def test_an_empty_table_answers_nothing() -> None:
    assert KnownAnswers({}).find("What is a leash?") is None
