"""The issuer that users test with: its tokens are good unless told otherwise."""

import json

import pytest
from joserfc import jwk, jwt

from limi.adapters.oidc.key_source import FetchError
from limi.testing import FakeIssuer, ManualClock
from limi.testing.issuer import make_key


async def test_a_token_is_signed_by_the_key_that_is_published() -> None:
    issuer = FakeIssuer(clock=ManualClock())
    (published,) = json.loads(await issuer.fetch(f"{issuer.url}/keys"))["keys"]
    token = jwt.decode(issuer.token(sub="ada", aud=None), jwk.import_key(published), algorithms=["ES256"])
    assert token.header == {"alg": "ES256", "kid": "key-1", "typ": "JWT"}
    assert token.claims == {
        "iss": "https://login.test",
        "sub": "ada",
        "iat": 1_790_000_000,
        "exp": 1_790_000_300,
    }


async def test_rotation_withdraws_the_old_key_unless_told_to_keep_it() -> None:
    issuer = FakeIssuer()
    issuer.rotate("RS256", keep=True)
    assert [key["kid"] for key in issuer.published] == ["key-1", "key-2"]
    issuer.rotate("EdDSA")
    assert [key["kid"] for key in issuer.published] == ["key-3"]
    assert "d" not in issuer.published[0]


async def test_what_is_asked_is_noted_and_nothing_is_answered_while_it_is_down() -> None:
    issuer = FakeIssuer()
    document = json.loads(await issuer.fetch(f"{issuer.url}/.well-known/openid-configuration"))
    assert document == {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
    issuer.down = True
    for path in ("/keys", "/other"):
        with pytest.raises(FetchError):
            await issuer.fetch(issuer.url + path)
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys", "/other"]


@pytest.mark.parametrize(("algorithm", "kind"), [("ES384", "EC"), ("PS256", "RSA"), ("EdDSA", "OKP")])
def test_keys_are_made_for_each_algorithm(algorithm: str, kind: str) -> None:
    assert make_key(algorithm).key_type == kind
