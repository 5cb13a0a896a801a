from typing import Any

import pytest

from limi.protocol import ProtocolError
from limi.sandbox.faults.header import rules_of_request
from limi.sandbox.faults.rules import FaultRule, Place, What


def _rules(*values: str, here: Place = Place.MINT) -> list[FaultRule]:
    scope: Any = {"headers": [(b"accept", b"*/*"), *((b"x-limi-fault", value.encode()) for value in values)]}
    return [held.rule for held in rules_of_request(scope, here=here)]


def test_most_requests_ask_for_no_fault() -> None:
    assert _rules() == []


def test_several_faults_stand_in_one_header_or_in_several() -> None:
    refuse, latency, drop = _rules("refuse; status=429; retry_after_seconds=2.5, latency;ms=300", "drop")
    assert (refuse.what, refuse.status, refuse.retry_after_seconds) == (What.REFUSE, 429, 2.5)
    assert (latency.what, latency.ms) == (What.LATENCY, 300)
    assert (drop.what, drop.where) == (What.DROP, Place.MINT)


def test_the_place_is_where_the_request_goes_or_what_it_begins() -> None:
    drop, duplicate, expire = _rules("drop", "duplicate", "expire; after_seconds=2", here=Place.SOCKET)
    assert (drop.where, duplicate.where, expire.where) == (Place.SOCKET, Place.EVENT, Place.SESSION)
    (far,) = _rules("drop; where=sideband")
    assert far.where is Place.SIDEBAND


@pytest.mark.parametrize(
    ("value", "param", "words"),
    [
        ("explode", "X-Limi-Fault", "'explode' is none of latency, refuse"),
        ("", "X-Limi-Fault", "is none of"),
        ("drop; often", "X-Limi-Fault", "expected name=value, got 'often'"),
        ("refuse", "X-Limi-Fault.status", "Missing"),
        ("refuse; status=soon", "X-Limi-Fault.status", "expected `int`"),
        (", ".join(["drop"] * 11), "faults", "At most 10"),
    ],
)
def test_a_wrong_header_is_refused_by_name(value: str, param: str, words: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        _rules(value)
    assert refused.value.param == param
    assert words in refused.value.message
