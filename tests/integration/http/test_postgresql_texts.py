"""Texts that PostgreSQL cannot take, wherever a request of an operator's may have one."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest_asyncio

from limi.testing.backend import ADMIN_KEY
from tests.integration.on_database import backend_on

OPERATOR = {"authorization": f"Bearer {ADMIN_KEY}"}


@pytest_asyncio.fixture(loop_scope="module")
async def client(postgres_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with backend_on(postgres_url) as (_, made):
        made.headers.update(OPERATOR)
        yield made


def places(paths: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield method, path and query of a request for each place where operators' routes take a text."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            if not path.startswith("/api/admin/"):
                continue
            if "{" in path:
                yield method, re.sub(r"\{[^}]*\}", "a%00b", path), {}
            named = re.sub(r"\{[^}]*\}", "abcdefgh", path)
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "query":
                    yield method, named, {parameter["name"]: "a\0b"}


async def test_a_nul_is_the_requests_fault_and_not_the_databases(client: httpx.AsyncClient) -> None:
    described = (await client.get("/openapi.json")).json()["paths"]
    asked = list(places(described))
    assert ("get", "/api/admin/audit", {"caller": "a\0b"}) in asked
    wrong = []
    for method, path, query in asked:
        body: dict[str, Any] | None = {} if method in {"post", "put", "patch"} else None
        answer = await client.request(method, path, params=query, json=body)
        if answer.status_code not in {400, 404}:
            wrong.append((method, path, query, answer.status_code))
    assert wrong == []
