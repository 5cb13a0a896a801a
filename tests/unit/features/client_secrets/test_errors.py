import pytest

from limi.features.client_secrets import errors
from limi.kernel.errors import CATALOGUE


def every(kind: type[errors.MintError]) -> list[type[errors.MintError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in every(child))]


@pytest.mark.parametrize("kind", every(errors.MintError))
def test_every_error_has_a_code_that_the_catalogue_explains(kind: type[errors.MintError]) -> None:
    assert CATALOGUE[kind.code].status
    assert kind.__name__ in errors.__all__


def test_an_error_carries_its_facts_and_says_them() -> None:
    invalid = errors.InvalidMintError(field="model", rule="must be one of a, b")
    assert (invalid.field, invalid.rule) == ("model", "must be one of a, b")
    assert str(invalid) == "model: must be one of a, b"
    assert str(errors.InvalidMintError(field="", rule="must be an object")) == "must be an object"
    assert "`tutor`" in str(errors.ForbiddenError(field="profile", rule="`tutor` needs an API key"))


def test_an_upstream_error_knows_the_status_it_was_answered_with() -> None:
    assert errors.UpstreamError("upstream answered 503", status=503).status == 503
    assert errors.UpstreamTimeoutError("no answer").status is None
    limited = errors.UpstreamRateLimitedError("limit", retry_after_ms=1500)
    assert (limited.status, limited.retry_after_ms) == (429, 1500)


def test_whoever_catches_upstream_errors_catches_all_of_them() -> None:
    for kind in (errors.UpstreamAuthError, errors.UpstreamRateLimitedError, errors.UpstreamTimeoutError):
        assert issubclass(kind, errors.UpstreamError)
