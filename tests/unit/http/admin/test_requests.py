"""What operators send."""

import msgspec
import pytest
from msgspec import UNSET

from limi.http.admin import requests
from limi.http.admin.requests import CreateKeyRequest, UpdateTenantRequest, given
from limi.http.decoding import rules_of
from limi.kernel.principal import Scope

KINDS = [
    kind
    for name in requests.__all__
    if isinstance(kind := getattr(requests, name), type) and issubclass(kind, msgspec.Struct)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_member_has_a_rule_in_words(kind: type[msgspec.Struct]) -> None:
    for name, rule in rules_of(kind).items():
        assert rule, name
        assert not rule.endswith(".")


@pytest.mark.parametrize("kind", KINDS)
def test_members_that_are_not_there_are_refused(kind: type[msgspec.Struct]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"unheardOf": 1}', type=kind)


def test_a_key_mints_unless_something_else_is_said() -> None:
    assert msgspec.json.decode(b'{"name": "a"}', type=CreateKeyRequest).scopes == [Scope.MINT]


def test_nothing_said_is_not_null() -> None:
    said = msgspec.json.decode(b'{"models": null}', type=UpdateTenantRequest)
    assert (said.models, said.profiles) == (None, UNSET)


def test_a_parameter_left_out_is_none() -> None:
    assert given(UNSET) is None
    assert given("a") == "a"
