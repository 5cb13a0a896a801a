import pytest

from limi.sandbox.answering.words import content_words, numbers_in


def test_words_without_meaning_of_their_own_are_left_out() -> None:
    assert content_words("What is the weather in Paris?") == {"weather", "paris"}


def test_a_name_counts_as_the_words_it_is_made_of() -> None:
    assert content_words("getWeather_forecast2") == {"weather", "forecast", "2"}


def test_one_and_many_are_the_same_word() -> None:
    assert content_words("orders") == content_words("order")
    assert content_words("glass") == {"glass"}


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("from 3 to 12", [3, 12]),
        ("from three to twelve", [3, 12]),
        ("twenty-one and twenty five", [21, 25]),
        ("one hundred", [100]),
        ("a hundred or ninety nine", [100, 99]),
        ("twenty 5", [20, 5]),
        ("someone often eats", []),
    ],
)
def test_numbers_are_read_in_figures_and_in_words(text: str, numbers: list[int]) -> None:
    assert numbers_in(text) == numbers
