import pytest

from limi.adapters.configuration import load_settings
from limi.kernel.settings import SettingsError


def test_times_are_those_that_were_decided() -> None:
    chosen = load_settings({}).analytics
    assert chosen.enabled
    assert (chosen.minute_days, chosen.hour_days, chosen.day_days, chosen.event_days) == (2, 90, 1095, 7)


def test_a_request_always_fits_into_a_transaction_and_the_queue() -> None:
    for name in ("BATCH_SIZE", "QUEUE_SIZE"):
        with pytest.raises(SettingsError, match=name):
            load_settings({f"LIMI_ANALYTICS_{name}": "99"})
