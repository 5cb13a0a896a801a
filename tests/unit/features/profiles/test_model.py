"""What is known of a profile in the database."""

import dataclasses

import pytest

from limi.features.profiles.model import ProfileVersion
from limi.kernel.settings import Profile


def test_a_version_cannot_be_changed() -> None:
    version = ProfileVersion(
        name="tutor", tenant=None, version=1, profile=Profile(), created_at=0.0, created_by="system"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        version.version = 2  # type: ignore[misc] # what is tried
