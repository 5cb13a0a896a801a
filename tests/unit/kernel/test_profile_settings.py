"""What a profile says before anyone writes one, and what it may not say."""

import pytest

from limi.adapters.configuration import load_settings
from limi.kernel.profile_settings import Leash, Override, Profile
from limi.kernel.settings import SettingsError


def test_without_configuration_there_is_one_profile_that_anybody_may_use() -> None:
    profiles = load_settings({}).profiles
    assert profiles == {"default": Profile()}
    assert not profiles["default"].requires_key


def test_clients_choose_model_and_capabilities_unless_a_profile_says_otherwise() -> None:
    assert Profile().overrides == (Override.MODEL, Override.CAPABILITIES)


def test_a_call_is_on_no_leash_by_default() -> None:
    assert Profile().leash is None
    assert Leash() == Leash(max_seconds=None, max_cost_micro_dollars=None)


@pytest.mark.parametrize("seconds", [9, 3601])
def test_a_leash_is_as_long_as_upstream_lets_calls_be(seconds: int) -> None:
    with pytest.raises(SettingsError, match="max_seconds"):
        load_settings({"LIMI_PROFILES": f'{{"short": {{"leash": {{"max_seconds": {seconds}}}}}}}'})
