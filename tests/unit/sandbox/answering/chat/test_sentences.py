import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.sandbox.answering.chat.sentences import SentenceCutter, TextPieces


def _sentences(*words: str) -> list[str]:
    cutter = SentenceCutter()
    return [sentence for piece in words for sentence in cutter.add(piece)] + [
        rest for rest in [cutter.rest()] if rest
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Hello there. How are you? Fine!", ["Hello there.", "How are you?", "Fine!"]),
        ('He said "Go." Then he went.', ['He said "Go."', "Then he went."]),
        ("Dr. Smith, e.g. at 3.5 km, met J. Doe. Good.", ["Dr. Smith, e.g. at 3.5 km, met J. Doe.", "Good."]),
        ("First line\nsecond line", ["First line", "second line"]),
        ("1. One\n2. Two", ["1. One", "2. Two"]),
        ("Well… yes", ["Well…", "yes"]),
        ("no end", ["no end"]),
        ("  \n ", []),
    ],
)
def test_a_text_is_cut_into_its_sentences(text: str, sentences: list[str]) -> None:
    assert _sentences(text) == sentences
    assert _sentences(*text) == sentences


def test_a_sentence_is_given_as_soon_as_it_is_known_to_have_ended() -> None:
    cutter = SentenceCutter()
    assert list(cutter.add("Hello.")) == []
    assert list(cutter.add(" How")) == ["Hello."]


def test_nobody_waits_for_the_end_of_an_endless_sentence() -> None:
    clauses = _sentences("and so on, " * 40)
    assert all(len(clause) <= 240 for clause in clauses)
    assert clauses[0].endswith("and so on,")
    assert [len(piece) for piece in _sentences("x" * 500)] == [240, 240, 20]
    assert all(piece.endswith("word") for piece in _sentences("word " * 100))


@given(st.lists(st.text(" \nab.,1D", max_size=8), max_size=40))
def test_no_word_is_lost_or_added(pieces: list[str]) -> None:
    assert " ".join(_sentences(*pieces)).split() == "".join(pieces).split()


@given(st.lists(st.text(" \nab", max_size=4), max_size=20))
def test_pieces_are_given_on_as_they_are_but_for_space_at_the_ends(pieces: list[str]) -> None:
    parts = TextPieces()
    given_on = "".join(space + text for piece in pieces for space, text in parts.add(piece))
    assert given_on.strip() == "".join(pieces).strip()
    assert given_on == given_on.rstrip()
