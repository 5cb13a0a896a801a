"""Identifiers have upstream's shapes."""

import re
import secrets

import pytest

from limi.protocol import IdKind, ids_from_hex


@pytest.mark.parametrize("kind", IdKind)
def test_prefix_and_length_are_upstreams(kind: IdKind) -> None:
    new_id = ids_from_hex(lambda length: secrets.token_hex(length // 2))
    length = 16 if kind is IdKind.CALL else 21
    assert re.fullmatch(rf"{kind}[A-Za-z0-9_-]{{{length}}}", new_id(kind))
    assert new_id(kind) != new_id(kind)


def test_the_same_randomness_makes_the_same_id() -> None:
    asked = []

    def fixed(length: int) -> str:
        asked.append(length)
        return "ab" * (length // 2)

    assert ids_from_hex(fixed)(IdKind.ITEM) == ids_from_hex(fixed)(IdKind.ITEM)
    assert asked == [32, 32]
