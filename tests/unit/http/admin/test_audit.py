"""The handlers that read; what they do to real requests is in tests/integration/admin."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.http.admin.harness import Desk


@pytest.fixture
async def reading(desk: Desk) -> AsyncIterator[Desk]:
    await desk.reader.start()
    yield desk
    await desk.reader.stop()


async def test_entries_are_found_by_what_they_are_about(reading: Desk) -> None:
    await reading.ask("POST", "/tenants", {"id": "acme"})
    await reading.ask("POST", "/tenants", {"id": "beta"})
    answer = (await reading.ask("GET", "/audit", subject="tenant:beta")).json
    (entry,) = answer["entries"]
    assert (entry["event"], entry["caller"], entry["tenant"]) == ("tenant.created", "key:admin", "beta")
    assert answer["next"] == entry["seq"]
    assert (await reading.ask("GET", "/audit", after=answer["next"])).json == {"entries": [], "next": None}


async def test_a_request_is_told_by_who_and_whence(reading: Desk) -> None:
    await reading.ask("POST", "/tenants", {"id": "acme"})
    (entry,) = (await reading.ask("GET", "/audit")).json["entries"]
    assert (entry["requestId"], entry["ip"], entry["userAgent"]) == ("abc123", "203.0.113.7", "curl/8")


async def test_tenants_are_counted_page_by_page(reading: Desk) -> None:
    for tenant in "ab":
        await reading.ask("POST", "/tenants", {"id": tenant})
    first = (await reading.ask("GET", "/stats", limit=1)).json
    counted = {"tenant": "a", "status": "active", "liveTokens": 0}
    assert first == {"liveTokens": 0, "tenants": [counted], "next": "a"}
    assert (await reading.ask("GET", "/stats", after="a")).json["next"] is None
