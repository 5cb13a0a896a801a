"""How claims become a caller; when they hold is tested with whole tokens in test_verifier.py."""

from typing import Any

import pytest

from limi.adapters.oidc.claims import ClaimRules
from limi.kernel.principal import Principal, Scope
from limi.kernel.settings import OIDCSettings
from limi.kernel.tokens import InvalidTokenError
from limi.testing import ManualClock


def _principal(claims: dict[str, Any], **settings: Any) -> Principal:
    rules = ClaimRules(
        OIDCSettings(issuer="https://login.test", audience=("limi",), **settings), clock=ManualClock()
    )
    return rules.principal({"sub": "user-1", **claims})


def test_the_bearer_is_told_by_the_claim_that_was_chosen() -> None:
    principal = _principal({"email": "ada@example.com"}, user_claim="email")
    assert (principal.caller, principal.user) == ("user:ada@example.com", "ada@example.com")


def test_the_tenant_is_none_the_fixed_one_or_that_of_a_claim() -> None:
    assert _principal({}).tenant is None
    assert _principal({"org": "globex"}, tenant="acme").tenant == "acme"
    assert _principal({"org": "globex"}, tenant_claim="org").tenant == "globex"


@pytest.mark.parametrize("claims", [{}, {"org": ""}, {"org": 7}, {"org": "Globex Inc"}, {"org": ["globex"]}])
def test_a_token_that_names_no_tenant_where_it_must_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError, match="org"):
        _principal(claims, tenant_claim="org")


SCOPES = {"voice": Scope.MINT, "ops": Scope.ADMIN, "watch": Scope.STATS}


@pytest.mark.parametrize(
    ("said", "given"),
    [
        ("voice", {Scope.MINT}),
        ("openid voice  watch", {Scope.MINT, Scope.STATS}),
        (["ops", "watch"], {Scope.ADMIN, Scope.STATS}),
        ("admin mint", set()),
        ("voiceops", set()),
        ([7, None, {"a": 1}, "voice"], {Scope.MINT}),
        ({"voice": True}, set()),
        (None, set()),
    ],
)
def test_words_give_the_scopes_that_they_stand_for_and_no_others(said: Any, given: set[Scope]) -> None:
    assert _principal({"roles": said}, scope_claim="roles", scopes=SCOPES, default_scopes=()).scopes == given


def test_default_scopes_are_everybodys() -> None:
    assert _principal({"scope": "watch"}, scopes=SCOPES).scopes == {Scope.MINT, Scope.STATS}


def test_variables_are_filled_by_texts_and_whole_numbers() -> None:
    claims = {"given_name": "Ada", "age": 36, "vip": True, "tags": ["a"], "long": "a" * 2000}
    names = {"name": "given_name", "age": "age", "vip": "vip", "tags": "tags", "long": "long", "none": "none"}
    assert _principal(claims, variables=names).variables == {"name": "Ada", "age": "36", "long": "a" * 1000}
