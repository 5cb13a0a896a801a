"""Why a key is not made, changed or accepted."""

import pytest

from limi.features.api_keys import errors
from limi.kernel.errors import CATALOGUE

ERRORS = [
    (errors.InvalidKeyError(field="name", rule="must be short"), "invalid_request", "name: must be short"),
    (errors.KeyNotFoundError("abc"), "not_found", "id: there is no key `abc`"),
    (
        errors.KeyEndedError("abc", status="revoked"),
        "invalid_request",
        "id: the key `abc` is revoked for ever; make",
    ),
    (errors.KeyForbiddenError(field="scopes", rule="no"), "forbidden", "scopes: no"),
    (errors.KeyConflictError("abc"), "invalid_request", "id: the key `abc` was changed"),
    (errors.KeyOriginError(), "forbidden", "origin: "),
]


@pytest.mark.parametrize(("error", "code", "start"), ERRORS, ids=[type(error).__name__ for error, *_ in ERRORS])
def test_each_has_a_code_of_the_catalogue_and_names_the_member(
    error: errors.ApiKeyError, code: str, start: str
) -> None:
    assert error.code == code
    assert code in CATALOGUE
    assert str(error).startswith(start)
