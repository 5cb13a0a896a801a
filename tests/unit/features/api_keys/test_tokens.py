"""The text of a key."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.features.api_keys.model import KeyID
from limi.features.api_keys.tokens import (
    TOKEN_PREFIX,
    TokenHasher,
    is_whole,
    key_id_in,
    make_key_id,
    make_token,
)
from limi.kernel.ids import RandomIds

TOKEN = make_token(KeyID("abcdefgh"), RandomIds()).reveal()


def test_it_begins_readably_and_holds_256_random_bits() -> None:
    tokens = {make_token(make_key_id(RandomIds()), RandomIds()).reveal() for _ in range(200)}
    assert len(tokens) == 200
    assert {len(token) for token in tokens} == {66}
    assert all(token.startswith(TOKEN_PREFIX) and is_whole(token) for token in tokens)


def test_the_id_is_found_again() -> None:
    assert key_id_in(TOKEN) == "abcdefgh"


@given(place=st.integers(min_value=0, max_value=65), character=st.characters(codec="ascii"))
def test_one_wrong_character_is_noticed(place: int, character: str) -> None:
    wrong = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert is_whole(wrong) == (wrong == TOKEN)


@pytest.mark.parametrize("length", range(66))
def test_a_truncated_token_is_noticed(length: int) -> None:
    assert not is_whole(TOKEN[:length])


@given(st.text())
def test_no_text_breaks_the_check(text: str) -> None:
    assert not is_whole(text)
    assert not is_whole(f"{TOKEN_PREFIX}{text}")
    key_id_in(text)


def test_a_hash_is_worth_nothing_without_its_key() -> None:
    hashes = {TokenHasher(key)(TOKEN) for key in (b"\0" * 32, b"\1" * 32)}
    assert len(hashes) == 2


@given(key=st.binary(max_size=64), token=st.text())
def test_a_hash_is_hmac_sha256(key: bytes, token: str) -> None:
    hasher = TokenHasher(key)
    assert [hasher(token) for _ in range(2)] == [hmac.digest(key, token.encode(), "sha256")] * 2
