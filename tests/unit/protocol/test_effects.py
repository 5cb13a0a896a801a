"""Effects are values: they can be compared, and nobody can change one on its way."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest

from limi.protocol import Close, Effect


@pytest.mark.parametrize("effect", get_args(Effect))
def test_every_effect_is_a_frozen_dataclass(effect: type) -> None:
    assert is_dataclass(effect)
    assert fields(effect)


def test_an_effect_cannot_be_changed() -> None:
    close = Close(1001, "bye")
    with pytest.raises(FrozenInstanceError):
        close.code = 1000  # type: ignore[misc] # that it cannot be done is the point
    assert close == Close(1001, "bye")
