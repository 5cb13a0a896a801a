"""How events are delivered before anyone sets anything, and how far that can be changed."""

import pytest

from limi.adapters.configuration import load_settings
from limi.kernel.settings import SettingsError
from limi.kernel.webhook_settings import WebhookSettings


def test_the_defaults_are_the_specifications() -> None:
    settings = load_settings({}).webhooks
    assert settings == WebhookSettings()
    assert settings.timeout_seconds == 30
    assert len(settings.schedule) + 1 == 10
    assert 75 <= sum(settings.schedule) / 3600 < 76
    assert settings.disable_after_days * 24 > 75 * (1 + settings.jitter)
    assert not settings.allow_private_addresses


@pytest.mark.parametrize("env", ["development", "staging", "production"])
def test_private_addresses_are_refused_everywhere_unless_they_are_allowed(env: str) -> None:
    assert not load_settings({"LIMI_ENV": env}).webhooks.allow_private_addresses


def test_a_schedule_is_a_list_of_seconds() -> None:
    assert load_settings({"LIMI_WEBHOOKS_SCHEDULE": "1, 2.5"}).webhooks.schedule == (1.0, 2.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIMEOUT_SECONDS", "0"),
        ("TIMEOUT_SECONDS", "121"),
        ("SCHEDULE", "-1"),
        ("SCHEDULE", "604801"),
        ("JITTER", "0.6"),
        ("MAX_IN_FLIGHT", "0"),
        ("PER_ENDPOINT", "0"),
        ("POLL_SECONDS", "0"),
    ],
)
def test_what_makes_no_sense_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"LIMI_WEBHOOKS_{name}"):
        load_settings({f"LIMI_WEBHOOKS_{name}": value})
