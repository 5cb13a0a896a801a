"""What a caller is told of the window that its request was counted in."""

import pytest

from limi.features.rate_limits.model import Decision
from limi.http.errors import Refusal
from limi.http.rate_limits import answer_headers, headers_if_admitted, rate_limit_headers, too_many
from limi.kernel.principal import SYSTEM


def _decision(*, admitted: bool, seconds: float) -> Decision:
    return Decision(admitted=admitted, limit=30, remaining=3, reset_seconds=seconds)


@pytest.mark.parametrize(("seconds", "shown"), [(60, b"60"), (59.01, b"60"), (0.001, b"1"), (0, b"0")])
def test_the_time_until_there_is_room_is_rounded_up(seconds: float, shown: bytes) -> None:
    assert rate_limit_headers(_decision(admitted=True, seconds=seconds)) == (
        (b"ratelimit-limit", b"30"),
        (b"ratelimit-remaining", b"3"),
        (b"ratelimit-reset", shown),
    )


def test_who_is_admitted_gets_the_headers() -> None:
    decision = _decision(admitted=True, seconds=1)
    assert headers_if_admitted(decision, SYSTEM) == rate_limit_headers(decision)


def test_who_is_not_is_told_when_to_come_again_and_by_whom_it_was() -> None:
    decision = _decision(admitted=False, seconds=1.0001)
    with pytest.raises(Refusal) as raised:
        headers_if_admitted(decision, SYSTEM)
    assert (raised.value.code, raised.value.retry_after_ms) == ("rate_limit_exceeded", 1001)
    assert (raised.value.headers, raised.value.by) == (rate_limit_headers(decision), SYSTEM)
    assert (too_many(decision).headers, too_many(decision).by) == ((), None)


def test_an_answer_that_was_counted_is_not_kept() -> None:
    assert answer_headers([(b"ratelimit-limit", b"30")]) == {"cache-control": "no-store", "ratelimit-limit": "30"}
