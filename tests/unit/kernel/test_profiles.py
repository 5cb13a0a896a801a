"""A profile with where it comes from."""

from limi.kernel.profiles import NamedProfile
from limi.kernel.settings import Profile


def test_one_of_the_configuration_has_no_version_and_belongs_to_nobody() -> None:
    named = NamedProfile(name="default", profile=Profile())
    assert (named.tenant, named.version) == (None, 0)
