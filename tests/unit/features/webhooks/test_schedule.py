import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.features.webhooks.schedule import MAX_RETRY_AFTER_SECONDS, Schedule
from limi.kernel.webhook_settings import WebhookSettings

NOW = 1_790_000_000.0
STANDARD = Schedule(delays=WebhookSettings().schedule, jitter=WebhookSettings().jitter)


def wait(
    schedule: Schedule, attempt: int, *, retry_after: float | None = None, chance: float = 0.5
) -> float | None:
    due = schedule.next_try(attempt, now=NOW, retry_after=retry_after, chance=chance)
    return None if due is None else due - NOW


def test_there_are_ten_tries_over_seventy_five_hours() -> None:
    waits = [wait(STANDARD, attempt) for attempt in range(1, 11)]
    assert waits == [*WebhookSettings().schedule, None]
    assert STANDARD.tries == 10
    assert 75 <= sum(each or 0 for each in waits) / 3600 < 76


def test_the_jitter_goes_both_ways() -> None:
    assert wait(STANDARD, 2, chance=0.0) == pytest.approx(240)
    assert wait(STANDARD, 2, chance=1.0) == pytest.approx(360)


@given(
    attempt=st.integers(1, 9),
    asked=st.floats(0, MAX_RETRY_AFTER_SECONDS),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_nobody_is_asked_sooner_than_it_wants(attempt: int, asked: float, chance: float) -> None:
    found = wait(STANDARD, attempt, retry_after=asked, chance=chance)
    assert found is not None
    assert found >= asked - 1e-6


@pytest.mark.parametrize("asked", [MAX_RETRY_AFTER_SECONDS, 1e9, float("inf")])
def test_nobody_puts_a_delivery_off_for_more_than_a_day(asked: float) -> None:
    assert wait(STANDARD, 1, retry_after=asked, chance=0.0) == MAX_RETRY_AFTER_SECONDS


def test_a_receiver_that_asks_for_little_changes_nothing() -> None:
    assert wait(STANDARD, 3, retry_after=1.0) == 1800


def test_after_the_last_try_no_wish_of_the_receiver_makes_another() -> None:
    assert wait(STANDARD, 10, retry_after=5.0) is None


def test_a_schedule_without_delays_is_one_try() -> None:
    assert Schedule(delays=(), jitter=0.0).tries == 1
    assert wait(Schedule(delays=(), jitter=0.0), 1) is None
