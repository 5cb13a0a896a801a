from limi.sandbox.words import content_words


def test_words_without_meaning_of_their_own_are_left_out() -> None:
    assert content_words("What is the weather in Paris?") == {"weather", "paris"}


def test_a_name_counts_as_the_words_it_is_made_of() -> None:
    assert content_words("getWeather_forecast2") == {"weather", "forecast", "2"}


def test_one_and_many_are_the_same_word() -> None:
    assert content_words("orders") == content_words("order")
    assert content_words("glass") == {"glass"}
