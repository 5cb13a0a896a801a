"""Which tokens open the door: good ones, and nothing that only looks like one."""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limi.kernel.principal import Scope
from limi.kernel.revision import AccessUnavailableError
from limi.kernel.tokens import InvalidTokenError
from limi.testing.issuer import make_key
from tests.unit.adapters.oidc.harness import Login, make_login


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def _refused(login: Login, token: str) -> str:
    with pytest.raises(InvalidTokenError) as refused:
        await login.verifier.verify(token)
    for part in token.split("."):
        assert len(part) < 8 or part not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
)
async def test_a_token_signed_in_each_accepted_way_names_its_bearer(login: Login, algorithm: str) -> None:
    login.issuer.rotate(algorithm)
    principal = await login.verifier.verify(login.issuer.token())
    assert (principal.caller, principal.user, principal.anonymous) == ("user:user-1", "user-1", False)
    assert principal.scopes == {Scope.MINT}


@pytest.mark.parametrize("aud", ["limi", "other", ["elsewhere", "limi"]])
async def test_one_of_the_audiences_is_enough(login: Login, aud: Any) -> None:
    assert (await login.verifier.verify(login.issuer.token(aud=aud))).user == "user-1"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "https://login.test.evil.test"}, id="another issuer"),
        pytest.param({"iss": "https://login.test/"}, id="nearly the issuer"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"iss": ["https://login.test"]}, id="a list of issuers"),
        pytest.param({"aud": "elsewhere"}, id="another audience"),
        pytest.param({"aud": []}, id="nobody's"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"aud": {"limi": 1}}, id="an audience of no kind"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"exp": "tomorrow"}, id="an end that is no number"),
        pytest.param({"exp": True}, id="an end that is true"),
        pytest.param({"nbf": "yesterday"}, id="a beginning that is no number"),
        pytest.param({"sub": None}, id="nobody"),
        pytest.param({"sub": ""}, id="an empty name"),
        pytest.param({"sub": 7}, id="a number for a name"),
        pytest.param({"sub": "a\nb"}, id="a line break in a name"),
        pytest.param({"sub": "a" * 256}, id="a long name"),
    ],
)
async def test_a_token_whose_claims_do_not_fit_is_refused(login: Login, changes: dict[str, Any]) -> None:
    await _refused(login, login.issuer.token(**changes))


@pytest.mark.parametrize(
    ("claim", "offset", "good"),
    [
        ("exp", -59, True),
        ("exp", -60, False),
        ("exp", -61, False),
        ("nbf", 60, True),
        ("nbf", 61, False),
        ("iat", 60, True),
        ("iat", 61, False),
    ],
)
async def test_clocks_may_differ_by_a_minute(login: Login, claim: str, offset: int, *, good: bool) -> None:
    changes: dict[str, Any] = {claim: int(login.clock.now()) + offset}
    token = login.issuer.token(**changes)
    if good:
        await login.verifier.verify(token)
    else:
        await _refused(login, token)


@pytest.mark.parametrize("expires", ["NaN", "Infinity", "1e999"])
async def test_an_end_that_never_comes_is_none(login: Login, expires: str) -> None:
    payload = json.dumps(login.issuer.claims(exp=0)).replace('"exp": 0', f'"exp": {expires}').encode()
    await _refused(login, login.issuer.token(payload=payload))


async def test_a_token_signed_by_somebody_else_is_refused(login: Login) -> None:
    forged = login.issuer.token(key=make_key("ES256"))
    assert "signature" in await _refused(login, forged)


async def test_a_changed_claim_breaks_the_signature(login: Login) -> None:
    head, _, signature = login.issuer.token().split(".")
    changed = _b64(json.dumps(login.issuer.claims(sub="somebody-else")).encode())
    await _refused(login, f"{head}.{changed}.{signature}")


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
async def test_a_token_without_a_signature_is_refused(login: Login, name: str) -> None:
    body = _b64(json.dumps(login.issuer.claims()).encode())
    head = _b64(json.dumps({"alg": name, "kid": login.issuer.kid}).encode())
    for signature in ("", "AAAA"):
        await _refused(login, f"{head}.{body}.{signature}")


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
@pytest.mark.parametrize("name", ["HS256", "HS384", "HS512"])
async def test_a_public_key_is_never_taken_for_a_shared_secret(login: Login, algorithm: str, name: str) -> None:
    """The classic: everybody has the public key, so everybody could sign with it (RFC 8725 §2.1)."""
    key = login.issuer.rotate(algorithm)
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[name]
    for secret in (key.as_pem(private=False), key.as_der(private=False), json.dumps(key.as_dict()).encode()):
        head = _b64(json.dumps({"alg": name, "kid": login.issuer.kid, "typ": "JWT"}).encode())
        signed = f"{head}.{_b64(json.dumps(login.issuer.claims()).encode())}"
        await _refused(login, f"{signed}.{_b64(hmac.new(secret, signed.encode(), digest).digest())}")


async def test_an_algorithm_that_the_operator_does_not_accept_is_refused() -> None:
    login = make_login(algorithms=("RS256",))
    login.issuer.rotate("PS256")
    await _refused(login, login.issuer.token())
    login.issuer.rotate("RS256")
    login.clock.advance(60)
    await login.verifier.verify(login.issuer.token())


async def test_a_key_signs_in_the_way_that_its_set_says_and_no_other(login: Login) -> None:
    login.issuer.rotate("RS256")
    login.issuer.published[0]["alg"] = "RS512"
    await _refused(login, login.issuer.token())


async def test_another_algorithm_in_the_header_than_that_of_the_signature_is_refused(login: Login) -> None:
    login.issuer.rotate("RS256")
    await _refused(login, login.issuer.token(header={"alg": "PS256"}))
    await _refused(login, login.issuer.token(header={"alg": "ES256"}))


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"b64": False},
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": 7},
        {"alg": ["ES256"]},
        {"alg": None},
        {"kid": 7},
        {"kid": "unknown"},
        {"kid": "../../etc/passwd"},
    ],
    ids=str,
)
async def test_a_header_that_asks_for_what_we_do_not_do_is_refused(login: Login, header: dict[str, Any]) -> None:
    await _refused(login, login.issuer.token(header=header))


@pytest.mark.parametrize(
    "header", [{"typ": "at+jwt"}, {"typ": "application/at+JWT"}, {"typ": None}, {"unknown": {"a": 1}}], ids=str
)
async def test_a_header_that_only_says_more_is_accepted(login: Login, header: dict[str, Any]) -> None:
    await login.verifier.verify(login.issuer.token(header=header))


async def test_keys_that_a_token_brings_along_are_not_looked_at(login: Login) -> None:
    """Neither to check it, nor is an address in it ever asked."""
    own = make_key("ES256")
    await login.verifier.verify(login.issuer.token())
    asked = len(login.issuer.asked)
    for header in (
        {"jwk": own.as_dict(private=False)},
        {"jwk": own.as_dict(private=False), "kid": None},
        {"jku": f"{login.issuer.url}/keys"},
        {"x5u": f"{login.issuer.url}/keys"},
        {"x5c": [_b64(own.as_der(private=False))]},
    ):
        await _refused(login, login.issuer.token(header=header, key=own))
        assert (await login.verifier.verify(login.issuer.token(header={**header, "kid": login.issuer.kid}))).user
    assert len(login.issuer.asked) == asked


async def test_a_token_that_names_no_key_is_checked_where_there_is_no_choice(login: Login) -> None:
    await login.verifier.verify(login.issuer.token(header={"kid": None}))
    login.issuer.rotate("ES256", keep=True)
    login.clock.advance(601)
    await _refused(login, login.issuer.token(header={"kid": None}))


async def test_keys_of_one_name_are_all_tried(login: Login) -> None:
    first, kid = login.issuer.key, login.issuer.kid
    second = login.issuer.rotate("ES256", keep=True)
    login.issuer.published[1]["kid"] = kid
    for key in (first, second):
        await login.verifier.verify(login.issuer.token(key=key, header={"kid": kid}))


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30.e30",
        "eyJhbGciOiJFUzI1NiJ9",
        "eyJhbGciOiJFUzI1NiJ9..",
        "eyJhbGciOiJFUzI1NiJ9.e30.",
        "eyJhbGciOiJFUzI1NiJ9=.e30.AAAA",
        "eyJhbGciOiJFUzI1NiJ9.W10.AAAA",
        _b64(b'"alg"') + ".e30.AAAA",
        _b64(b'["alg"]') + ".e30.AAAA",
        _b64(b"[" * 2000) + ".e30.AAAA",
        _b64(b'{"alg":"ES256","x":' + b"[" * 2000) + ".e30.AAAA",
        _b64(b'{"alg":"ES256"}') + "." + _b64(b'{"a":' + b"[" * 4000) + ".AAAA",
        _b64(b'{"alg":"\xff"}') + ".e30.AAAA",
        "é.é.é",
        "a" * 100_000,
        "a" * 4000 + "." + "b" * 4000 + ".c",
    ],
    ids=lambda token: token[:24] or "nothing",
)
async def test_what_is_no_token_is_refused_without_asking_for_keys(login: Login, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        await login.verifier.verify(token)
    assert login.issuer.asked == []


@given(st.one_of(st.text(max_size=300), st.from_regex(r"[A-Za-z0-9_=.-]{1,300}")))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_whatever_is_sent_is_refused_in_the_one_way(login: Login, token: str) -> None:
    with pytest.raises(InvalidTokenError):
        await login.verifier.verify(token)


@given(st.integers(0, 10_000), st.integers(0, 100))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_no_change_of_a_character_goes_unnoticed(login: Login, place: int, choice: int) -> None:
    token = login.issuer.token()
    place %= len(token)
    letters = "ABCabc019-_.=".replace(token[place], "")
    with pytest.raises(InvalidTokenError):
        await login.verifier.verify(token[:place] + letters[choice % len(letters)] + token[place + 1 :])


async def test_a_token_longer_than_the_bound_is_refused() -> None:
    login = make_login(max_token_bytes=1000)
    await login.verifier.verify(login.issuer.token())
    assert "too long" in await _refused(login, login.issuer.token(filler="a" * 1000))


async def test_the_same_token_is_checked_once_and_gives_the_same_caller(
    login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = login.issuer.token()
    first = await login.verifier.verify(token)
    monkeypatch.setattr("joserfc.jws.validate_compact", _never)
    assert await login.verifier.verify(token) is first


async def test_a_remembered_token_ends_when_it_expires(login: Login) -> None:
    token = login.issuer.token(exp=int(login.clock.now()) + 30)
    await login.verifier.verify(token)
    login.clock.advance(89)
    await login.verifier.verify(token)
    login.clock.advance(1)
    await _refused(login, token)


async def test_a_remembered_token_ends_when_its_key_is_withdrawn(login: Login) -> None:
    """A key that was stolen is taken out of the set: its tokens must not go on until they expire."""
    token = login.issuer.token(exp=int(login.clock.now()) + 100_000)
    await login.verifier.verify(token)
    login.issuer.rotate()
    login.clock.advance(601)
    await _refused(login, token)


async def test_a_withdrawal_seen_in_the_background_ends_remembered_tokens_at_once(login: Login) -> None:
    token = login.issuer.token(exp=int(login.clock.now()) + 100_000)
    await login.verifier.verify(token)
    login.issuer.rotate()
    login.clock.advance(301)
    await login.verifier.verify(token)
    for _ in range(5):
        await asyncio.sleep(0)
    assert login.keys.are_fresh()
    await _refused(login, token)


async def test_only_so_many_tokens_are_remembered() -> None:
    login = make_login(cache_entries=2)
    tokens = [login.issuer.token(jti=str(number)) for number in range(3)]
    first, *_ = [await login.verifier.verify(token) for token in tokens]
    assert await login.verifier.verify(tokens[0]) is not first
    assert len(login.verifier._checked) == 2


async def test_nothing_that_was_refused_is_remembered(login: Login) -> None:
    for number in range(5):
        await _refused(login, login.issuer.token(jti=str(number), key=make_key("ES256")))
    assert len(login.verifier._checked) == 0


async def test_without_keys_nobody_is_let_in_and_nobody_is_called_a_forger(login: Login) -> None:
    login.issuer.down = True
    with pytest.raises(AccessUnavailableError):
        await login.verifier.verify(login.issuer.token())


async def test_closing_twice_does_no_harm(login: Login) -> None:
    await login.verifier.verify(login.issuer.token())
    await login.verifier.close()
    await login.verifier.close()


def _never(*_: Any, **__: Any) -> bool:
    raise AssertionError("the signature was checked again")
