"""How questions and answers of the script are written; tests/contract/test_window_store.py has what it decides."""

import msgspec
import pytest

from limi.adapters.redis.connection import RedisUnavailableError
from limi.adapters.redis.window_script import LIFE_KEY, decode_decisions, encode_batch
from limi.features.rate_limits.model import Decision, Window

MINUTE = 60_000_000


def test_a_window_that_many_ask_for_is_named_once() -> None:
    keys, written = encode_batch([[Window("a", 1), Window("*", 9)], [Window("b", 2), Window("*", 9)]])
    assert keys == [LIFE_KEY, b"{limi}:window:a", b"{limi}:window:*", b"{limi}:window:b"]
    assert msgspec.msgpack.decode(written) == [[2, 1, 3, 9], [4, 2, 3, 9]]


def test_all_keys_are_on_one_server_of_a_cluster() -> None:
    keys, _ = encode_batch([[Window("a", 1)]])
    assert all(key.startswith(b"{limi}:") for key in keys)


def test_an_answer_is_an_age_and_a_decision_for_each() -> None:
    age_seconds, decisions = decode_decisions([MINUTE, 1, 5, 4, MINUTE, 0, 7, 0, 1_500_000], 2)
    assert age_seconds == 60
    assert decisions == [
        Decision(admitted=True, limit=5, remaining=4, reset_seconds=60),
        Decision(admitted=False, limit=7, remaining=0, reset_seconds=1.5),
    ]


def test_a_server_that_is_too_young_decides_nothing() -> None:
    assert decode_decisions([MINUTE - 500_000], 3) == (59.5, [])


@pytest.mark.parametrize("answer", [None, b"OK", [], ["x"], [MINUTE], [MINUTE, 1, 2, 3], [MINUTE, 1, 2, 3, 4, 5]])
def test_anything_else_is_no_answer(answer: object) -> None:
    with pytest.raises(RedisUnavailableError):
        decode_decisions(answer, 1)
