"""What a key's members may be; what follows from them for a maker stands in test_service.py."""

import pytest

from limi.features.api_keys.errors import InvalidKeyError, KeyForbiddenError
from limi.features.api_keys.model import ApiKey, KeyID
from limi.features.api_keys.rules import KEY_RULES, Powers, check_key, check_within
from limi.kernel.principal import Scope

KEY = ApiKey(id=KeyID("aaaaaaaa"), name="k", scopes=frozenset({Scope.MINT}), created_at=0.0, created_by="system")


def test_a_plain_key_is_fine_and_within_what_an_operator_may() -> None:
    check_key(KEY)
    check_within(KEY, Powers(caller="key:admin", scopes=frozenset({Scope.ADMIN})))


def test_every_rule_is_a_sentence_that_follows_the_members_name() -> None:
    assert all(rule.startswith("must ") for rule in KEY_RULES.values())


@pytest.mark.parametrize("field", ["name", "scopes"])
def test_what_is_needed_is_named_when_it_is_missing(field: str) -> None:
    members = {"name": "k", "scopes": frozenset({Scope.MINT}), field: "" if field == "name" else frozenset()}
    with pytest.raises(InvalidKeyError, match=f"{field}: must "):
        check_key(ApiKey(id=KeyID("aaaaaaaa"), created_at=0.0, created_by="system", **members))  # type: ignore[arg-type] # one of each


def test_an_administrator_has_every_scope_and_nobody_else_has_admin() -> None:
    everything = ApiKey(id=KeyID("a"), name="k", scopes=frozenset(Scope), created_at=0.0, created_by="system")
    check_within(everything, Powers(caller="key:b", scopes=frozenset({Scope.ADMIN})))
    with pytest.raises(KeyForbiddenError):
        check_within(everything, Powers(caller="key:b", scopes=frozenset(Scope) - {Scope.ADMIN}))
