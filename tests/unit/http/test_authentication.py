"""Who is calling."""

from typing import Any

import pytest

from limi.features.tenants.model import Tenant, TenantStatus
from limi.http.asgi import Scope as ASGIScope
from limi.http.authentication import Authenticator, anonymous, client_kind
from limi.http.errors import Refusal
from limi.http.ports import InvalidTokenError
from limi.kernel.principal import ClientKind, Principal, Scope
from limi.kernel.revision import AccessUnavailableError
from limi.kernel.secret import Secret
from tests.unit.http.harness import make_context, make_scope

_KEY = "limi_admin_unit_0123456789"


def _authenticator(*, allow_anonymous: bool = True) -> Authenticator:
    return Authenticator(admin_key=Secret(_KEY), allow_anonymous=allow_anonymous)


async def test_the_operator_holds_every_scope() -> None:
    principal = await _authenticator().identify(
        make_scope("GET", "/", (b"authorization", b"Bearer " + _KEY.encode()))
    )
    assert principal is not None
    assert not principal.anonymous
    assert all(principal.may(scope) for scope in Scope)


async def test_nobody_is_identified_without_a_credential() -> None:
    assert await _authenticator().identify(make_scope()) is None


@pytest.mark.parametrize(
    "value", [b"", b"Bearer", b"Bearer \xff", b"Bearer a b", b"Basic eA==", b"bearer:" + b"x"]
)
async def test_a_credential_that_is_not_valid_is_refused(value: bytes) -> None:
    scope = make_scope("GET", "/", (b"authorization", value), context=make_context())
    for ask in (_authenticator().identify, lambda scope: _authenticator().admit(scope, Scope.MINT)):
        with pytest.raises(Refusal) as refused:
            await ask(scope)
        assert refused.value.code == "auth_required"
        assert (b"www-authenticate", b'Bearer realm="limi"') in refused.value.headers


async def test_an_anonymous_caller_is_admitted_where_the_settings_allow() -> None:
    principal = await _authenticator().admit(make_scope(context=make_context()), Scope.MINT)
    assert (principal.caller, principal.anonymous) == ("ip:203.0.113.7", True)
    with pytest.raises(Refusal):
        await _authenticator(allow_anonymous=False).admit(make_scope(context=make_context()), Scope.MINT)


def test_an_anonymous_caller_may_mint_and_nothing_else() -> None:
    principal = anonymous("203.0.113.7")
    assert [scope for scope in Scope if principal.may(scope)] == [Scope.MINT]


USER_AGENTS = {
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Mobile/15E148": ClientKind.MOBILE,
    "Mozilla/5.0 (Linux; Android 16; Pixel 10) Chrome/140": ClientKind.MOBILE,
    "MyApp/1 CFNetwork/3826 Darwin/25": ClientKind.MOBILE,
    "okhttp/5.1": ClientKind.MOBILE,
    "Expo/1017756": ClientKind.MOBILE,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Edg/140": ClientKind.DESKTOP,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605": ClientKind.DESKTOP,
    "Mozilla/5.0 (X11; CrOS x86_64) Chrome/140": ClientKind.DESKTOP,
    "limi Electron/38": ClientKind.DESKTOP,
    "curl/8.15": ClientKind.OTHER,
    "python-httpx/0.28": ClientKind.OTHER,
    "": ClientKind.OTHER,
}


@pytest.mark.parametrize("user_agent", USER_AGENTS)
def test_the_kind_of_a_client(user_agent: str) -> None:
    assert client_kind(user_agent) is USER_AGENTS[user_agent]


def test_without_a_user_agent_a_client_is_of_no_kind() -> None:
    assert client_kind(None) is ClientKind.OTHER


class Keys:
    """Keys of the test's own."""

    def __init__(self, **known: Principal) -> None:
        self.known = known
        self.origins: list[str | None] = []

    async def authenticate(self, token: str, *, origin: str | None) -> Principal | None:
        self.origins.append(origin)
        if token == "limi_sk_unknowable":
            raise AccessUnavailableError("away")
        return self.known.get(token)


class Tokens:
    """An issuer that signed one token."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal

    async def verify(self, token: str) -> Principal:
        if token != "signed":
            raise InvalidTokenError("not signed by the issuer")
        return self.principal


class Directory:
    def __init__(self, *tenants: Tenant) -> None:
        self.known = {tenant.id: tenant for tenant in tenants}

    async def find(self, tenant_id: str) -> Tenant | None:
        return self.known.get(tenant_id)


def _tenant(tenant_id: str = "acme", **members: Any) -> Tenant:
    return Tenant(**{"id": tenant_id, "name": tenant_id, "created_at": 0.0, "updated_at": 0.0, **members})


def _minter(**members: Any) -> Principal:
    return Principal(**{"caller": "key:k1", "scopes": frozenset({Scope.MINT}), **members})


def _with(token: str, principal: Principal, directory: Directory | None = None) -> tuple[Authenticator, ASGIScope]:
    tokens = Tokens(principal) if token == "signed" else None
    made = Authenticator(
        admin_key=Secret(_KEY),
        allow_anonymous=True,
        keys=Keys(**{token: principal}),
        tokens=tokens,
        tenants=directory,
    )
    return made, make_scope("POST", "/", (b"authorization", f"Bearer {token}".encode()), context=make_context())


class TestKeysAndTokens:
    @pytest.mark.parametrize("token", ["limi_sk_mine", "signed"])
    async def test_whoever_comes_with_one_is_whom_it_names(self, token: str) -> None:
        principal = _minter()
        authenticator, scope = _with(token, principal)
        assert await authenticator.identify(scope) is principal

    @pytest.mark.parametrize("token", ["limi_sk_other", "unsigned"])
    async def test_one_that_is_not_valid_is_refused_and_makes_nobody_anonymous(self, token: str) -> None:
        authenticator, _ = _with("signed" if token == "unsigned" else "limi_sk_mine", _minter())
        scope = make_scope("POST", "/", (b"authorization", f"Bearer {token}".encode()), context=make_context())
        with pytest.raises(Refusal) as refused:
            await authenticator.admit(scope, Scope.MINT)
        assert refused.value.code == "auth_required"

    async def test_a_key_is_told_the_pages_origin(self) -> None:
        keys = Keys(limi_sk_mine=_minter())
        authenticator = Authenticator(admin_key=Secret(_KEY), allow_anonymous=False, keys=keys)
        bearer = (b"authorization", b"Bearer limi_sk_mine")
        await authenticator.identify(make_scope("POST", "/", bearer, (b"origin", b"https://app.example.com")))
        await authenticator.identify(make_scope("POST", "/", bearer))
        assert keys.origins == ["https://app.example.com", None]

    async def test_a_key_that_cannot_be_checked_is_neither_right_nor_wrong(self) -> None:
        authenticator, scope = _with("limi_sk_unknowable", _minter())
        with pytest.raises(AccessUnavailableError):
            await authenticator.admit(scope, Scope.MINT)

    async def test_the_operators_key_asks_nobody(self) -> None:
        authenticator, _ = _with("limi_sk_unknowable", _minter())
        scope = make_scope("GET", "/", (b"authorization", f"Bearer {_KEY}".encode()))
        found = await authenticator.identify(scope)
        assert found is not None
        assert found.caller == "key:admin"

    async def test_a_scope_that_is_missing_is_named(self) -> None:
        authenticator, scope = _with("limi_sk_mine", _minter())
        with pytest.raises(Refusal, match="scope: this needs a key with the scope `stats`") as refused:
            await authenticator.require(scope, Scope.STATS)
        assert refused.value.code == "forbidden"


class TestTenants:
    async def test_the_caller_has_what_key_and_tenant_both_allow(self) -> None:
        principal = _minter(tenant="acme", models=frozenset({"a", "b"}), tokens_per_minute=5)
        tenant = _tenant(
            models=frozenset({"b", "c"}),
            profiles=frozenset({"tutor"}),
            tokens_per_minute=50,
            connections_per_minute=9,
        )
        authenticator, scope = _with("limi_sk_mine", principal, Directory(tenant))
        found = await authenticator.identify(scope)
        assert found is not None
        assert (found.models, found.profiles) == (frozenset({"b"}), frozenset({"tutor"}))
        assert (found.tokens_per_minute, found.tenant_tokens_per_minute) == (5, 50)
        assert found.tenant_connections_per_minute == 9

    async def test_where_both_allow_nothing_in_common_nothing_is_allowed(self) -> None:
        principal = _minter(tenant="acme", models=frozenset({"a"}))
        authenticator, scope = _with("limi_sk_mine", principal, Directory(_tenant(models=frozenset({"b"}))))
        found = await authenticator.identify(scope)
        assert found is not None
        assert found.models == frozenset()

    @pytest.mark.parametrize("token", ["limi_sk_mine", "signed"])
    async def test_callers_of_a_suspended_one_are_refused(self, token: str) -> None:
        suspended = _tenant(status=TenantStatus.SUSPENDED)
        authenticator, scope = _with(token, _minter(tenant="acme"), Directory(suspended))
        with pytest.raises(Refusal) as refused:
            await authenticator.admit(scope, Scope.MINT)
        assert refused.value.code == "tenant_suspended"

    @pytest.mark.parametrize("directory", [None, Directory(_tenant("other"))], ids=["none", "other"])
    async def test_a_tenant_that_is_not_there_has_no_callers(self, directory: Directory | None) -> None:
        authenticator, scope = _with("signed", _minter(tenant="acme"), directory)
        with pytest.raises(Refusal) as refused:
            await authenticator.identify(scope)
        assert refused.value.code == "auth_required"

    async def test_what_was_joined_is_kept_until_key_or_tenant_changes(self) -> None:
        directory = Directory(_tenant(tokens_per_minute=5))
        principal = _minter(tenant="acme")
        keys = Keys(limi_sk_mine=principal)
        authenticator = Authenticator(admin_key=Secret(_KEY), allow_anonymous=False, keys=keys, tenants=directory)
        scope = make_scope("POST", "/", (b"authorization", b"Bearer limi_sk_mine"))
        first = await authenticator.identify(scope)
        assert await authenticator.identify(scope) is first
        directory.known["acme"] = _tenant(tokens_per_minute=6)
        second = await authenticator.identify(scope)
        assert second is not None
        assert second.tenant_tokens_per_minute == 6
        keys.known["limi_sk_mine"] = _minter(tenant="acme", max_ttl_seconds=60)
        third = await authenticator.identify(scope)
        assert third is not None
        assert third.max_ttl_seconds == 60

    async def test_what_is_kept_is_bounded(self) -> None:
        directory = Directory(_tenant())
        keys = Keys()
        authenticator = Authenticator(admin_key=Secret(_KEY), allow_anonymous=False, keys=keys, tenants=directory)
        for number in range(10_050):
            token = f"limi_sk_{number}"
            keys.known = {token: _minter(caller=f"key:{number}", tenant="acme")}
            await authenticator.identify(make_scope("GET", "/", (b"authorization", f"Bearer {token}".encode())))
        assert len(authenticator._joined) == 10_000
