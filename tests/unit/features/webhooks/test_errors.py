"""Why an endpoint is not made, changed or sent to."""

import pytest

from limi.features.webhooks import errors
from limi.kernel.errors import CATALOGUE

ERRORS = [
    (errors.InvalidEndpointError(field="url", rule="must be https"), "invalid_request", "url: must be https"),
    (errors.TooManyEndpointsError(limit=50), "invalid_request", "tenant: has 50 endpoints"),
    (errors.EndpointNotFoundError("whe_a"), "not_found", "id: there is no webhook endpoint `whe_a`"),
    (errors.EndpointConflictError("whe_a"), "invalid_request", "id: the endpoint `whe_a` was changed"),
]


@pytest.mark.parametrize(("error", "code", "start"), ERRORS, ids=[type(error).__name__ for error, *_ in ERRORS])
def test_each_has_a_code_of_the_catalogue_and_names_the_member(
    error: errors.WebhookError, code: str, start: str
) -> None:
    assert error.code == code
    assert code in CATALOGUE
    assert str(error).startswith(start)


def test_a_secret_that_does_not_open_is_told_by_its_endpoint_only() -> None:
    assert (
        str(errors.UnusableSecretError("whe_a"))
        == "no secret of the endpoint whe_a opens with this server's root key"
    )
