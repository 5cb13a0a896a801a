"""Why a tenant is not made or changed."""

import pytest

from limi.features.tenants import errors
from limi.kernel.errors import CATALOGUE

ERRORS = [
    (errors.InvalidTenantError(field="id", rule="must be short"), "invalid_request", "id: must be short"),
    (errors.TenantExistsError("acme"), "invalid_request", "id: `acme` is taken"),
    (errors.TenantNotFoundError("acme"), "not_found", "id: there is no tenant `acme`"),
    (errors.TenantConflictError("acme"), "invalid_request", "id: the tenant `acme` was changed"),
    (errors.TenantForbiddenError(), "forbidden", "tenant: only operators"),
]


@pytest.mark.parametrize(("error", "code", "start"), ERRORS, ids=[type(error).__name__ for error, *_ in ERRORS])
def test_each_has_a_code_of_the_catalogue_and_names_the_member(
    error: errors.TenantError, code: str, start: str
) -> None:
    assert error.code == code
    assert code in CATALOGUE
    assert str(error).startswith(start)
