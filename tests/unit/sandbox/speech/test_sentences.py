import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.sandbox.speech.sentences import speakable_pieces


def test_a_text_is_spoken_sentence_by_sentence() -> None:
    assert list(speakable_pieces("Hello there! How are you?\nFine. 3.5 is a number.")) == [
        "Hello there!",
        "How are you?",
        "Fine.",
        "3.5 is a number.",
    ]


@pytest.mark.parametrize("text", ["", " ", "\n\n", "<>"])
def test_nothing_to_say_is_no_piece(text: str) -> None:
    assert list(speakable_pieces(text)) == []


def test_the_voices_own_mark_up_is_taken_out() -> None:
    (piece,) = speakable_pieces("<play file='/etc/passwd'/> hello \x01 there")
    assert piece == "play file='/etc/passwd'/ hello there"


@given(st.text(max_size=2_000))
def test_no_word_is_long_enough_to_hang_the_voice_and_no_piece_long_enough_to_delay_others(text: str) -> None:
    pieces = list(speakable_pieces(text))
    assert all(len(word.encode()) <= 96 for piece in pieces for word in piece.split())
    assert all(0 < len(piece) <= 240 for piece in pieces)


@given(st.text(alphabet="abc .", max_size=500))
def test_every_word_is_spoken(text: str) -> None:
    spoken = "".join(speakable_pieces(text))
    assert spoken.replace(" ", "") == "".join(text.split())
