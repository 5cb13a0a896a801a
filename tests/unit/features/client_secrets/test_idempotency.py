"""Names and seals; what a store does with them is tests/contract/test_idempotency_store.py."""

import gc
import pickle

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from limi.features.client_secrets.errors import IdempotencyConflictError
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore, Sealer
from limi.features.client_secrets.model import Minted
from limi.features.client_secrets.ports import SealedAnswer
from limi.kernel.secret import Secret
from limi.testing import ManualClock
from tests.unit.features.client_secrets.harness import repeat

MINTED = Minted(
    key=Secret("ek_to_be_sealed"),
    expires_at=1_790_000_600,
    session_id="session-1",
    model="gpt-realtime",
    replaces="gpt-realtime-mini",
)
VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
ANY = st.text(max_size=20)


@pytest.fixture
def sealer() -> Sealer:
    return Sealer(b"\x07" * 32)


class TestSealing:
    def test_the_same_repeat_opens_what_was_sealed_and_says_that_it_is_a_replay(self, sealer: Sealer) -> None:
        opened = sealer.open(repeat(), sealer.seal(repeat(), MINTED))
        assert opened.replayed
        assert (opened.key, opened.expires_at, opened.session_id) == (MINTED.key, 1_790_000_600, "session-1")
        assert (opened.model, opened.replaces) == ("gpt-realtime", "gpt-realtime-mini")

    @pytest.mark.parametrize("other", [repeat("idem-2"), repeat(scope="key:k2")])
    def test_another_header_value_or_caller_cannot_open_it(self, other: object, sealer: Sealer) -> None:
        with pytest.raises(IdempotencyConflictError):
            sealer.open(other, sealer.seal(repeat(), MINTED))  # type: ignore[arg-type] # a Repeat, from the table

    def test_another_root_cannot_open_it(self, sealer: Sealer) -> None:
        with pytest.raises(IdempotencyConflictError):
            Sealer(b"\x08" * 32).open(repeat(), sealer.seal(repeat(), MINTED))

    def test_an_entry_that_was_altered_does_not_open(self, sealer: Sealer) -> None:
        kept = sealer.seal(repeat(), MINTED)
        altered = SealedAnswer(
            body_hash=kept.body_hash,
            sealed=kept.sealed[:-1] + bytes([kept.sealed[-1] ^ 1]),
            expires_at=kept.expires_at,
        )
        with pytest.raises(IdempotencyConflictError) as caught:
            sealer.open(repeat(), altered)
        assert not isinstance(caught.value.__cause__, InvalidTag)

    def test_the_entry_shows_neither_key_nor_session_nor_body(self, sealer: Sealer) -> None:
        kept = sealer.seal(repeat(body=b'{"model": "gpt-realtime"}'), MINTED)
        for plain in (b"ek_", b"session-1", b"gpt-realtime", b"idem-1"):
            assert plain not in pickle.dumps(kept)

    def test_the_entry_ends_with_the_key_in_it(self, sealer: Sealer) -> None:
        assert sealer.seal(repeat(), MINTED).expires_at == MINTED.expires_at

    def test_the_same_value_of_two_callers_is_sealed_differently(self, sealer: Sealer) -> None:
        """Otherwise two messages would share a key and a nonce, and one would give the other away."""
        one, other = (sealer.seal(repeat(scope=scope), MINTED).sealed for scope in ("key:k1", "key:k2"))
        assert one != other

    def test_a_repeat_does_not_show_the_header(self) -> None:
        assert "idem-1" not in repr(repeat())


class TestNames:
    def test_a_name_is_32_bytes_that_tell_neither_caller_nor_header(self, sealer: Sealer) -> None:
        name = sealer.name(repeat("idem-1", scope="key:k1"))
        assert len(name) == 32
        assert b"idem" not in name
        assert name != Sealer(b"\x08" * 32).name(repeat("idem-1", scope="key:k1"))

    @given(ANY, VISIBLE, ANY, VISIBLE)
    def test_two_repeats_have_one_name_only_if_caller_and_header_are_the_same(
        self, scope: str, key: str, other_scope: str, other_key: str
    ) -> None:
        sealer = Sealer(b"\x07" * 32)
        same = (scope, key) == (other_scope, other_key)
        names = sealer.name(repeat(key, scope=scope)), sealer.name(repeat(other_key, scope=other_scope))
        assert (names[0] == names[1]) is same

    @given(st.text(min_size=2, max_size=20), st.integers(0, 20), st.integers(0, 20))
    def test_where_the_callers_name_ends_and_the_header_begins_cannot_be_confused(
        self, joined: str, cut: int, other_cut: int
    ) -> None:
        sealer = Sealer(b"\x07" * 32)
        one = repeat(joined[cut:], scope=joined[:cut])
        other = repeat(joined[other_cut:], scope=joined[:other_cut])
        assert (sealer.name(one) == sealer.name(other)) is (joined[:cut] == joined[:other_cut])

    def test_the_body_is_compared_byte_by_byte(self, sealer: Sealer) -> None:
        assert sealer.body_hash(repeat(body=b"{}")) == sealer.body_hash(repeat("idem-2", body=b"{}"))
        assert sealer.body_hash(repeat(body=b"{}")) != sealer.body_hash(repeat(body=b"{ }"))


async def test_the_store_in_memory_holds_no_key_anywhere(sealer: Sealer) -> None:
    """Whoever dumps what the store holds finds nothing to call with, nor the header that would open it."""
    store = InMemoryIdempotencyStore(clock=ManualClock(), max_entries=10)
    name = sealer.name(repeat())
    await store.claim(name, sealer.body_hash(repeat()))
    await store.keep(name, sealer.seal(repeat(), MINTED))
    assert len(store) == 1
    held = list(everything_under(store))
    assert any(isinstance(thing, SealedAnswer) for thing in held)
    for thing in held:
        assert not isinstance(thing, Minted | Secret)
        if isinstance(thing, bytes | str):
            text = thing if isinstance(thing, bytes) else thing.encode()
            assert b"ek_" not in text
            assert b"idem-1" not in text


def everything_under(root: object) -> list[object]:
    """Walk from `root` through whatever it refers to, leaving classes, functions and modules out."""
    seen: dict[int, object] = {}
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type) or callable(thing):
            continue
        seen[id(thing)] = thing
        waiting += [held for held in gc.get_referents(thing) if not hasattr(held, "__spec__")]
        if isinstance(thing, SealedAnswer):
            waiting += [thing.body_hash, thing.sealed]
    return list(seen.values())
