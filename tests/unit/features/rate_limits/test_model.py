from limi.features.rate_limits.model import WINDOW_SECONDS, Decision, Window


def test_every_window_is_a_minute_by_contract() -> None:
    assert WINDOW_SECONDS == 60


def test_windows_and_decisions_are_values() -> None:
    assert Window("a", 5) == Window("a", 5)
    assert len({Window("a", 5), Window("a", 5), Window("a", 6)}) == 2
    assert Decision(admitted=True, limit=5, remaining=4, reset_seconds=60.0) == Decision(
        admitted=True, limit=5, remaining=4, reset_seconds=60.0
    )
