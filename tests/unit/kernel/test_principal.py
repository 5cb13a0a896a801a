import pytest

from limi.kernel.principal import ClientKind, Principal, Scope


@pytest.mark.parametrize(
    ("held", "asked", "answer"),
    [
        ({Scope.MINT}, Scope.MINT, True),
        ({Scope.MINT}, Scope.STATS, False),
        ({Scope.MINT, Scope.STATS}, Scope.STATS, True),
        ({Scope.STATS}, Scope.ADMIN, False),
        (set(), Scope.MINT, False),
    ],
)
def test_a_caller_may_what_its_scopes_say(
    held: set[Scope],
    asked: Scope,
    answer: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    assert Principal(caller="key:k1", scopes=frozenset(held)).may(asked) is answer


@pytest.mark.parametrize("scope", list(Scope))
def test_the_admin_scope_includes_every_other(scope: Scope) -> None:
    assert Principal(caller="key:admin", scopes=frozenset({Scope.ADMIN})).may(scope)


def test_a_caller_has_no_tenant_and_a_credential_unless_said() -> None:
    caller = Principal(caller="key:k1", scopes=frozenset())
    assert caller.tenant is None
    assert not caller.anonymous


def test_the_kinds_of_client_are_the_contracts() -> None:
    assert [str(kind) for kind in ClientKind] == ["mobile", "desktop", "other"]


def test_users_of_one_name_in_two_tenants_are_counted_apart() -> None:
    tenants = ("a", "b", None)
    accounts = {Principal(caller="user:ada", scopes=frozenset(), tenant=tenant).account for tenant in tenants}
    assert accounts == {"a/user:ada", "b/user:ada", "user:ada"}
