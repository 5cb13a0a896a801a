"""What a field of the settings says of itself."""

from typing import Annotated

import msgspec
import pytest

from limi.kernel.setting_fields import NonEmpty, SettingsGroup, setting


class _Group(SettingsGroup, frozen=True):
    name: Annotated[NonEmpty | None, setting("Who it is.", env="WHO")] = None
    size: Annotated[int, setting("How large.", ge=1)] = 1


def test_description_variable_and_bounds_are_kept() -> None:
    meta = setting("Seconds until it ends.", env="ENDS", gt=0)
    assert (meta.description, meta.extra, meta.gt) == ("Seconds until it ends.", {"env": "ENDS"}, 0)
    assert setting("Seconds until it ends.").extra == {}


@pytest.mark.parametrize("given", [{"name": ""}, {"size": 0}, {"colour": "red"}])
def test_what_breaks_a_rule_or_is_unknown_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, _Group)
