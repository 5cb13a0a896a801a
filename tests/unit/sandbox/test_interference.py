from limi.sandbox.interference import Departure, Expiry


def test_what_departs_does_so_at_once_unless_told_otherwise() -> None:
    assert Departure(b"{}").after_seconds == 0
    assert Departure(Expiry(), 5).after_seconds == 5
