"""What is kept of a key set."""

import json
from typing import Any

import pytest

from limi.adapters.oidc.signing_keys import SigningKeys
from limi.testing import FakeIssuer
from limi.testing.issuer import make_key

ALL = ("RS256", "PS256", "ES256", "ES384", "EdDSA")


def _parse(*keys: Any, algorithms: tuple[str, ...] = ALL) -> SigningKeys:
    return SigningKeys.parse(json.dumps({"keys": keys}).encode(), algorithms=algorithms)


def _public(algorithm: str = "ES256", kid: str | None = "a", **changes: Any) -> dict[str, Any]:
    return {**FakeIssuer.describe(make_key(algorithm), kid), **changes}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"kty": "oct", "k": "c2VjcmV0", "kid": "b"}, id="a shared secret"),
        pytest.param({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "b"}, id="a kind of tomorrow"),
        pytest.param({"kid": "b"}, id="no kind"),
        pytest.param({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "b"}, id="a point off the curve"),
        pytest.param({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA", "kid": "b"}, id="another curve"),
        pytest.param({"kty": "EC", "crv": "P-256", "kid": "b"}, id="no point"),
        pytest.param({"kty": "OKP", "crv": "X25519", "x": "AA", "kid": "b"}, id="a key for key agreement"),
        pytest.param({"kty": "RSA", "n": "", "e": "AQAB", "kid": "b"}, id="an empty modulus"),
        pytest.param({"kty": "RSA", "n": "____" * 20, "e": "AQAB", "kid": "b"}, id="a short RSA key"),
        pytest.param({"kty": "RSA", "n": "____" * 400, "e": "AQAB", "kid": "b"}, id="a huge RSA key"),
        pytest.param({"kty": "RSA", "n": "?!", "e": "AQAB", "kid": "b"}, id="no base64"),
        pytest.param(_public(kid="b", use="enc"), id="a key for encryption"),
        pytest.param(_public(kid="b", key_ops=["encrypt"]), id="a key for other operations"),
        pytest.param(_public(kid="b", alg="ES384"), id="an algorithm of another curve"),
        pytest.param(_public(kid="b", alg="HS256"), id="an algorithm of another kind"),
        pytest.param({**_public(), "kid": 7}, id="a number for a name"),
        pytest.param("text", id="no object"),
        pytest.param(None, id="nothing"),
    ],
)
def test_a_key_that_cannot_be_used_does_not_take_the_others_away(other: Any) -> None:
    keys = _parse(other, _public())
    assert len(keys.thumbprints) == 1
    assert not keys.knows("b")
    assert len(keys.matching("a", "ES256")) == 1


def test_a_private_part_that_was_published_is_not_kept() -> None:
    key = make_key("ES256")
    (kept,) = _parse({**key.as_dict(private=True), "kid": "a"}).matching("a", "ES256")
    assert not kept.is_private


def test_a_key_fits_the_algorithms_of_its_kind_that_are_accepted() -> None:
    keys = _parse(_public("RS256"), algorithms=("RS256", "ES256"))
    assert [len(keys.matching("a", name)) for name in ("RS256", "PS256", "ES256", "HS256", "none")] == [
        1,
        0,
        0,
        0,
        0,
    ]


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_both_names_of_eddsa_are_one(alg: str) -> None:
    assert len(_parse(_public("EdDSA", alg=alg)).matching("a", "EdDSA")) == 1


def test_a_nameless_key_is_found_by_those_who_name_none() -> None:
    keys = _parse(_public(kid=None), _public("RS256", kid=None))
    assert len(keys.matching(None, "ES256")) == 1
    assert keys.matching("a", "ES256") == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"keys": {}}', b'{"keys": []}', b"\xff", b"[" * 5000])
def test_what_is_no_key_set_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="issuer"):
        SigningKeys.parse(body, algorithms=ALL)


def test_a_hundred_keys_are_enough() -> None:
    key = _public()
    assert _parse(*[key] * 100).knows("a")
    with pytest.raises(ValueError, match="more than 100"):
        _parse(*[key] * 101)
