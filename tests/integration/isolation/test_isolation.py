"""Whatever one tenant asks for, it never sees, counts or changes anything of another, wherever that is kept."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.isolation.attempts import OPERATIONS
from tests.integration.isolation.machine import Isolation
from tests.integration.isolation.server import ADMIN, Server
from tests.integration.isolation.storage import OpenStorage, in_memory, on_postgresql, on_redis, on_sqlite
from tests.services.postgres import PostgreSQL
from tests.services.redis import RedisServer


def _try(open_storage: OpenStorage, *, examples: int, steps: int) -> None:
    class Kept(Isolation):
        def __init__(self) -> None:
            super().__init__(open_storage)

    # Each step is some fifty requests, which a busy machine may take longer over than hypothesis thinks healthy.
    patience = list(HealthCheck)
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=patience
    )
    run_state_machine_as_test(Kept, settings=chosen)


@pytest.mark.timeout(480)
def test_a_tenant_neither_sees_nor_counts_nor_changes_anothers_in_memory() -> None:
    _try(in_memory, examples=12, steps=12)


@pytest.mark.timeout(480)
def test_a_tenant_neither_sees_nor_counts_nor_changes_anothers_in_sqlite(tmp_path: Path) -> None:
    _try(on_sqlite(tmp_path), examples=5, steps=12)


@pytest.mark.timeout(480)
def test_a_tenant_neither_sees_nor_counts_nor_changes_anothers_in_postgresql(postgres_server: PostgreSQL) -> None:
    _try(on_postgresql(postgres_server), examples=5, steps=12)


@pytest.mark.timeout(480)
def test_a_tenant_neither_sees_nor_uses_up_anothers_limits_and_repeats_in_redis(redis_server: RedisServer) -> None:
    """The windows end by Redis's own clock, so the steps are fewer: all of them take much less than a minute."""
    used: set[str] = set()
    _try(on_redis(redis_server, used), examples=8, steps=6)
    assert used >= {"life", "window", "repeat"}


def test_every_operators_route_is_among_those_tried() -> None:
    server = Server(in_memory)
    try:
        described = server.run(server.send("GET", "/openapi.json", ADMIN)).json()["paths"]
    finally:
        server.close()
    there = {
        (method.upper(), re.sub(r"{[^}]*}", "{}", path))
        for path, methods in described.items()
        for method in methods
        if path.startswith("/api/admin")
    }
    assert there <= {(method, re.sub(r"{[^}]*}", "{}", path)) for method, path in OPERATIONS}
