import pytest

from limi.kernel.principal import Scope
from tests.unit.features.analytics.harness import connected, count_all, failed
from tests.unit.http.admin.harness import Desk


@pytest.fixture
async def counting(desk: Desk) -> Desk:
    now = desk.clock.now()
    await desk.rollups.add([connected(1, tenant="acme", at=now - 60), failed(2, tenant="beta", at=now - 60)])
    await count_all(desk.rollups)
    return desk


async def _key(desk: Desk, *scopes: Scope, tenant: str | None = None) -> str:
    made = await desk.ask("POST", "/keys", {"name": "k", "scopes": scopes, "tenant": tenant})
    secret: str = made.json["secret"]
    return secret


async def test_usage_is_told_by_time_and_group(counting: Desk) -> None:
    answer = await counting.ask("GET", "/usage", bucket="total", group="tenant,frontend")
    assert answer.status == 200
    assert [(point["tenant"], point["frontend"]) for point in answer.json["points"]] == [
        ("beta", "vue"),
        ("acme", "react"),
    ]
    assert answer.headers["cache-control"] == "no-store"
    only = await counting.ask("GET", "/usage", bucket="total", group="tenant", tenant="acme", frontend="react")
    assert [point["tenant"] for point in only.json["points"]] == ["acme"]


async def test_a_tenants_key_sees_that_tenant_only(counting: Desk) -> None:
    await counting.ask("POST", "/tenants", {"id": "acme"})
    for scope in (Scope.STATS, Scope.ADMIN):
        key = await _key(counting, scope, tenant="acme")
        answer = await counting.ask("GET", "/usage", key=key, bucket="total", group="tenant")
        assert [point["tenant"] for point in answer.json["points"]] == ["acme"]
    refusal = await counting.refused("GET", "/usage", key=key, tenant="beta")
    assert refusal.code == "forbidden"


async def test_a_key_without_the_scope_is_not_enough(counting: Desk) -> None:
    key = await _key(counting, Scope.MINT, Scope.WEBHOOK)
    assert (await counting.refused("GET", "/usage", key=key)).code == "forbidden"
    key = await _key(counting, Scope.STATS)
    assert (await counting.refused("GET", "/tenants", key=key)).code == "forbidden"


async def test_a_table_is_answered_to_who_asks_for_one(counting: Desk) -> None:
    answer = await counting.ask("GET", "/usage", bucket="total", format="csv", group="tenant")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert len(answer.body.splitlines()) == 3


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"bucket": "week"}, "bucket: must be one of minute, hour, day, total"),
        ({"group": "user"}, "group: must be some of tenant, frontend, model, code"),
        ({"group": "tenant,tenant"}, "group: names a dimension twice"),
        ({"since": "yesterday"}, "since: must be an ISO 8601 time"),
        ({"since": "2999-01-01T00:00:00Z"}, "since: must be before `until`"),
        ({"bucket": "minute", "since": "2020-01-01T00:00:00Z"}, "bucket: this answer would have more than 5000"),
        ({"until": "9999-12-31T23:59:59Z", "since": "0001-01-01T00:00:00Z"}, "bucket: this answer would have"),
        ({"frontend": "cobol"}, "frontend: must be one of react"),
        ({"format": "xml"}, "format: must be json or csv"),
        ({"page": "2"}, "page: is not known here"),
    ],
)
async def test_a_wrong_parameter_is_named_with_its_rule(counting: Desk, query: dict[str, str], said: str) -> None:
    refusal = await counting.refused("GET", "/usage", **query)
    assert refusal.code == "invalid_request"
    assert said in (refusal.message or "")


async def test_the_end_of_calendars_is_an_end(counting: Desk) -> None:
    answer = await counting.ask("GET", "/usage", bucket="day", until="9999-12-31T23:59:59Z")
    assert answer.status == 200
