import pytest

from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.memory import InMemoryAnalyticsStore
from limi.features.analytics.model import UsageQuery, UsageRow
from limi.features.analytics.usage import Occurrences, UsageService
from limi.http.authentication import Authenticator
from limi.http.error_counts import ErrorCounts
from limi.http.errors import Refusal
from limi.kernel.analytics_settings import AnalyticsSettings
from limi.kernel.principal import Principal
from limi.kernel.principal import Scope as Grant
from limi.kernel.secret import Secret
from limi.testing import ManualClock
from limi.testing.backend import ADMIN_KEY
from tests.unit.features.analytics.harness import NOON, count_all, failed, memory_store
from tests.unit.http.harness import make_context, make_scope


class Keys:
    """One key for each scope."""

    async def authenticate(self, token: str, *, origin: str | None) -> Principal | None:
        scope = token.removeprefix("limi_sk_")
        known = scope in set(Grant)
        return Principal(caller=f"key:{scope}", scopes=frozenset({Grant(scope)})) if known and not origin else None


async def asked(token: str | None, *, store: InMemoryAnalyticsStore | None = None) -> Occurrences | None:
    kept = store or memory_store()
    await kept.add([failed(1)])
    await count_all(kept)
    usage = UsageService(store=kept, settings=AnalyticsSettings(), clock=ManualClock(NOON + 1))
    authenticator = Authenticator(admin_key=Secret(ADMIN_KEY), allow_anonymous=True, keys=Keys())
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = make_scope("GET", "/errors/network_error", *headers, context=make_context())
    return await ErrorCounts(usage=usage, authenticator=authenticator).of(scope, "network_error")


async def test_operators_are_told() -> None:
    assert await asked(ADMIN_KEY) == Occurrences(1, 1, 1)
    assert await asked("limi_sk_stats") == Occurrences(1, 1, 1)


@pytest.mark.parametrize("token", [None, "limi_sk_mint", "limi_sk_webhook"])
async def test_others_see_the_page_without_numbers(token: str | None) -> None:
    assert await asked(token) is None


async def test_a_key_that_is_none_is_refused_as_everywhere() -> None:
    with pytest.raises(Refusal) as caught:
        await asked("limi_sk_nonsense")
    assert caught.value.code == "auth_required"


async def test_a_store_that_is_away_takes_the_numbers_and_not_the_page() -> None:
    class Away(InMemoryAnalyticsStore):
        async def usage(self, query: UsageQuery, *, most: int) -> list[UsageRow]:
            raise AnalyticsUnavailableError(f"{query} {most}")

    assert await asked(ADMIN_KEY, store=Away()) is None
