"""Who is counted in which window, and with which of the contract's numbers."""

from collections.abc import Sequence
from typing import Any

import pytest

from limi.adapters.configuration import load_settings
from limi.features.rate_limits.memory import InMemoryWindowStore
from limi.features.rate_limits.model import Decision, Window
from limi.features.rate_limits.service import RateLimiter
from limi.kernel.principal import ClientKind, Principal, Scope
from limi.testing import ManualClock

ANYONE = Principal(caller="ip:203.0.113.9", scopes=frozenset({Scope.MINT}), anonymous=True)
SOMEONE_ELSE = Principal(caller="ip:203.0.113.10", scopes=frozenset({Scope.MINT}), anonymous=True)
KEY_HOLDER = Principal(caller="key:k1", scopes=frozenset({Scope.MINT}))


class NotingStore:
    """Admits everything and remembers where it was to be counted."""

    def __init__(self) -> None:
        self.counted: list[list[Window]] = []

    async def admit(self, windows: Sequence[Window]) -> Decision:
        self.counted.append(list(windows))
        return Decision(admitted=True, limit=1, remaining=0, reset_seconds=60)


def limiter(**environ: str) -> RateLimiter:
    settings = load_settings(environ).limits
    return RateLimiter(settings=settings, store=InMemoryWindowStore(clock=ManualClock(), max_keys=1000))


async def mints_admitted(limits: RateLimiter, principal: Principal, kind: ClientKind) -> int:
    decisions = [await limits.admit_mint(principal, kind) for _ in range(150)]
    return sum(decision.admitted for decision in decisions)


@pytest.mark.parametrize(
    ("env", "kind", "limit"),
    [
        ("development", ClientKind.MOBILE, 100),
        ("development", ClientKind.OTHER, 100),
        ("staging", ClientKind.MOBILE, 10),
        ("staging", ClientKind.DESKTOP, 20),
        ("staging", ClientKind.OTHER, 5),
        ("production", ClientKind.MOBILE, 10),
        ("production", ClientKind.DESKTOP, 20),
        ("production", ClientKind.OTHER, 5),
    ],
)
async def test_anonymous_callers_are_limited_by_kind_outside_development(
    env: str, kind: ClientKind, limit: int
) -> None:
    assert await mints_admitted(limiter(LIMI_ENV=env), ANYONE, kind) == limit


@pytest.mark.parametrize(("env", "limit"), [("development", 100), ("staging", 60), ("production", 30)])
async def test_a_key_has_the_environments_number_whatever_the_client(env: str, limit: int) -> None:
    assert await mints_admitted(limiter(LIMI_ENV=env), KEY_HOLDER, ClientKind.OTHER) == limit


async def test_the_environments_number_can_be_replaced() -> None:
    limits = limiter(LIMI_ENV="production", LIMI_TOKENS_PER_MINUTE="7")
    assert await mints_admitted(limits, KEY_HOLDER, ClientKind.OTHER) == 7


async def test_callers_do_not_use_up_each_others_room() -> None:
    limits = limiter(LIMI_TOKENS_PER_MINUTE="2")
    for caller in (ANYONE, SOMEONE_ELSE, KEY_HOLDER):
        assert await mints_admitted(limits, caller, ClientKind.OTHER) == 2


async def test_kinds_behind_one_address_are_counted_apart_within_one_budget() -> None:
    """Whoever changes the user agent gets no more than the most generous kind has."""
    limits = limiter(LIMI_ENV="production")
    assert await mints_admitted(limits, ANYONE, ClientKind.MOBILE) == 10
    assert await mints_admitted(limits, ANYONE, ClientKind.OTHER) == 5
    assert await mints_admitted(limits, ANYONE, ClientKind.DESKTOP) == 5
    assert await mints_admitted(limits, SOMEONE_ELSE, ClientKind.DESKTOP) == 20


async def test_reports_have_the_numbers_of_mints_and_windows_of_their_own() -> None:
    """Whoever has trouble reports most, and must not be able to mint least for it."""
    limits = limiter(LIMI_ENV="production", LIMI_LIMITS_GLOBAL_PER_MINUTE="7")
    reports = [(await limits.admit_events(ANYONE, ClientKind.OTHER)).admitted for _ in range(9)]
    assert sum(reports) == 5
    assert await mints_admitted(limits, ANYONE, ClientKind.OTHER) == 5


async def test_reports_are_counted_where_mints_are() -> None:
    principal = Principal(
        caller="key:k1", scopes=frozenset({Scope.MINT}), tenant="acme", tenant_tokens_per_minute=9
    )
    store = NotingStore()
    limits = RateLimiter(settings=load_settings({"LIMI_LIMITS_GLOBAL_PER_MINUTE": "99"}).limits, store=store)
    await limits.admit_mint(principal, ClientKind.OTHER)
    await limits.admit_events(principal, ClientKind.OTHER)
    mints, reports = ([(window.key, window.limit) for window in windows] for windows in store.counted)
    assert mints == [("mint:acme/key:k1", 9), ("mint:acme/*", 9), ("mint:*", 99)]
    assert reports == [(key.replace("mint", "events", 1), limit) for key, limit in mints]


async def test_there_is_no_limit_over_all_callers_unless_it_is_set() -> None:
    store = NotingStore()
    await RateLimiter(settings=load_settings({}).limits, store=store).admit_mint(ANYONE, ClientKind.OTHER)
    assert store.counted == [[Window("mint:ip:203.0.113.9", 100)]]


async def test_the_limit_over_all_callers_holds_after_the_callers_own() -> None:
    limits = limiter(LIMI_LIMITS_GLOBAL_PER_MINUTE="3", LIMI_TOKENS_PER_MINUTE="2")
    decisions = [await limits.admit_mint(ANYONE, ClientKind.OTHER) for _ in range(3)]
    assert [decision.admitted for decision in decisions] == [True, True, False]
    assert decisions[2].limit == 2
    decisions = [await limits.admit_mint(KEY_HOLDER, ClientKind.OTHER) for _ in range(2)]
    assert [decision.admitted for decision in decisions] == [True, False]
    assert decisions[1].limit == 3


@pytest.mark.parametrize(("env", "limit"), [("development", 50), ("staging", 30), ("production", 15)])
async def test_connections_have_a_number_of_their_own(env: str, limit: int) -> None:
    limits = limiter(LIMI_ENV=env)
    decisions = [await limits.admit_connection(ANYONE) for _ in range(60)]
    assert sum(decision.admitted for decision in decisions) == limit
    assert (await limits.admit_mint(ANYONE, ClientKind.OTHER)).admitted


def of_tenant(caller: str = "key:k1", tenant: str = "acme", **limits: Any) -> Principal:
    return Principal(caller=caller, scopes=frozenset({Scope.MINT}), tenant=tenant, **limits)


@pytest.mark.parametrize(
    ("limits", "admitted"),
    [
        ({}, 100),
        ({"tokens_per_minute": 7}, 7),
        ({"tokens_per_minute": 120}, 120),
        ({"tenant_tokens_per_minute": 9}, 9),
        ({"tokens_per_minute": 7, "tenant_tokens_per_minute": 9}, 7),
        ({"tokens_per_minute": 12, "tenant_tokens_per_minute": 9}, 9),
        ({"tenant_tokens_per_minute": 130}, 130),
    ],
)
async def test_the_keys_number_goes_before_the_tenants_and_that_before_the_environments(
    limits: dict[str, Any], admitted: int
) -> None:
    assert await mints_admitted(limiter(), of_tenant(**limits), ClientKind.OTHER) == admitted


async def test_a_tenants_callers_share_the_tenants_number() -> None:
    limits = limiter()
    callers = [of_tenant(f"key:k{number}", tenant_tokens_per_minute=9) for number in range(3)]
    admitted = 0
    for _ in range(5):
        for caller in callers:
            admitted += (await limits.admit_mint(caller, ClientKind.OTHER)).admitted
    assert admitted == 9
    other = of_tenant("key:k9", "other", tenant_tokens_per_minute=9)
    assert await mints_admitted(limits, other, ClientKind.OTHER) == 9


async def test_users_of_one_name_in_two_tenants_do_not_share_a_window() -> None:
    limits = limiter(LIMI_TOKENS_PER_MINUTE="3")
    for tenant in ("acme", "other"):
        assert await mints_admitted(limits, of_tenant("user:ada", tenant), ClientKind.OTHER) == 3


async def test_a_tenants_connections_are_counted_together_too() -> None:
    limits = limiter()
    admitted = 0
    for number in range(6):
        caller = of_tenant(f"key:k{number % 2}", tenant_connections_per_minute=4)
        admitted += (await limits.admit_connection(caller)).admitted
    assert admitted == 4
