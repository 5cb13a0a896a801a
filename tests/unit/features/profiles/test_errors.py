"""Why a profile is not made or deleted."""

import pytest

from limi.features.profiles import errors
from limi.kernel.errors import CATALOGUE

ERRORS = [
    (errors.InvalidProfileError(field="voice", rule="must be one"), "invalid_request", "voice: must be one"),
    (errors.ProfileNotFoundError("a"), "not_found", "name: there is no profile `a`"),
    (errors.ProfileNotFoundError("a", 3), "not_found", "name: there is no profile `a@3`"),
    (errors.ProfileNotAllowedError(field="tenant", rule="no"), "forbidden", "tenant: no"),
]


@pytest.mark.parametrize(("error", "code", "start"), ERRORS, ids=[str(error) for error, *_ in ERRORS])
def test_each_has_a_code_of_the_catalogue_and_names_the_member(
    error: errors.ProfileError, code: str, start: str
) -> None:
    assert error.code == code
    assert code in CATALOGUE
    assert str(error).startswith(start)
