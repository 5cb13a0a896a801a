"""How far Limi is taken from one process for anybody to many for known callers: a step is one row of `access`."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy

from benchmarks.contenders import by_name, limi_environ, limi_versions
from benchmarks.harness.answers import DifferentAnswerError
from benchmarks.harness.machine import python_versions
from benchmarks.harness.postgres_server import PostgresServer, postgres_running, postgres_version
from benchmarks.harness.redis_server import redis_cpu_seconds, redis_running, redis_version
from benchmarks.harness.servers import Contender, Launch, post
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.tables import journal
from limi.testing.shared_redis import season_redis

__all__ = [
    "Caller",
    "Step",
    "Stores",
    "admit",
    "as_operator",
    "check_callers",
    "check_limits",
    "make",
    "stores_running",
]

_TENANT: Final = "bench"
_MOST_PER_MINUTE: Final = 1_000_000
"""The highest limit that a tenant can have, twice what any server here mints in a minute."""
_CREATED: Final = 201


class Caller(Enum):
    """Who asks."""

    ANYBODY = "anonymous"
    KEY = "with a key of the operator's"
    TENANT_KEY = "with the key of a tenant that has limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What runs beside a server for its sake."""

    redis_url: str | None = None
    postgres: PostgresServer | None = None

    @property
    def redis_cpu_seconds(self) -> float:
        """Return the processor time that Redis has used; 0 where there is none."""
        return redis_cpu_seconds(self.redis_url) if self.redis_url else 0.0

    @property
    def postgres_cpu_seconds(self) -> float:
        """Return the processor time that PostgreSQL has used; 0 where there is none."""
        return self.postgres.cpu_seconds if self.postgres else 0.0

    def database_url(self, folder: Path) -> str:
        """Return where a server that runs in `folder` has its journal."""
        return self.postgres.url if self.postgres else f"sqlite:///{folder / 'journal.db'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One way to run Limi."""

    name: str
    title: str
    caller: Caller
    redis: bool = False
    postgres: bool = False
    workers: int = 1
    """Server processes; two need both stores."""
    on_all_cores: bool = False
    """Whether the server may use every core, that of the load included."""

    def contender(self, stores: Stores | None = None) -> Contender:
        """Return it as a contender; without its stores it can be named, but not started."""
        found = stores or Stores()
        return msgspec.structs.replace(
            by_name(["limi"])[0],
            name=self.name,
            title=self.title,
            environ=self._environ(found),
            versions=self._versions,
            check=None,
        )

    def _environ(self, stores: Stores) -> Callable[[Launch], Mapping[str, str]]:
        shared = {
            "LIMI_WORKERS": str(self.workers),
            "LIMI_PROCESSES": str(self.workers),
            "LIMI_REDIS_URL": stores.redis_url or "",
            # So that a stall of the machine does not make of it a measurement of limits in memory.
            "LIMI_REDIS_TIMEOUT_MS": "2000",
        }

        def environ(launch: Launch) -> Mapping[str, str]:
            # Every step says who may come, lest the default for anonymous callers differ between them.
            own = {"LIMI_DATABASE_URL": stores.database_url(launch.folder), "LIMI_ALLOW_ANONYMOUS": "true"}
            return {**limi_environ(launch), **own, **(shared if stores.redis_url else {})}

        return environ

    def _versions(self) -> Mapping[str, str]:
        found = dict(limi_versions())
        if self.redis:
            found |= {**python_versions(("redis", "hiredis")), "redis-server": redis_version()}
        if self.postgres:
            found |= {**python_versions(("psycopg",)), "postgresql": postgres_version()}
        return found


@contextmanager
def stores_running(step: Step, *, core: int, folder: Path) -> Iterator[Stores]:
    """Run what `step` needs on one core until the end of the block.

    Raises:
        NotReadyError: it is not installed, or does not answer.
    """
    with ExitStack() as stack:
        redis_url = stack.enter_context(redis_running(core=core, folder=folder)) if step.redis else None
        if redis_url:
            # A new Redis decides nothing for a minute, which would be measured as limits in memory.
            asyncio.run(season_redis(redis_url))
        postgres = stack.enter_context(postgres_running(core=core)) if step.postgres else None
        yield Stores(redis_url=redis_url, postgres=postgres)


def admit(step: Step, contender: Contender, *, port: int, folder: Path) -> tuple[Contender, str]:
    """Give `contender` the credential of the step's caller, made by the operator's routes.

    Returns:
        The contender as it is asked from now on, and the caller's name in the journal.

    Raises:
        DifferentAnswerError: the server makes no tenant or no key.
    """
    if step.caller is Caller.ANYBODY:
        return contender, "ip:127.0.0.1"
    operator = as_operator(contender, folder)
    wish: dict[str, object] = {"name": "benchmark"}
    if step.caller is Caller.TENANT_KEY:
        make(operator, port, "tenants", {"id": _TENANT, "tokensPerMinute": _MOST_PER_MINUTE})
        wish["tenant"] = _TENANT
    made = make(operator, port, "keys", wish)
    asking = msgspec.structs.replace(contender, authorization=f"Bearer {made['secret']}")
    return asking, f"key:{made['key']['id']}"


def as_operator(contender: Contender, folder: Path) -> Contender:
    """Return `contender`, which runs in `folder`, as its operator asks it."""
    admin_key = (folder / ".limi" / "admin-key").read_text(encoding="utf-8").strip()
    return msgspec.structs.replace(contender, authorization=f"Bearer {admin_key}")


def make(operator: Contender, port: int, what: str, wish: Mapping[str, object]) -> Any:  # noqa: ANN401 - decoded JSON
    """Make something by the route `/api/admin/{what}` and return the answer.

    Raises:
        DifferentAnswerError: the server makes none.
    """
    asked = msgspec.structs.replace(operator, path=f"/api/admin/{what}")
    status, answer = post(asked, port, body=msgspec.json.encode(wish).decode())
    if status != _CREATED:
        raise DifferentAnswerError(f"{operator.name} answers {status} to the operator who makes {what}")
    return answer


def check_callers(database_url: str, caller: str, requests: int) -> None:
    """Make sure that each key of a run left its two facts, under the caller's name.

    Raises:
        DifferentAnswerError: it did not, so what was measured is something else.
    """
    engine = open_engine(database_url)
    counted = sqlalchemy.select(sqlalchemy.func.count()).where(journal.c.caller == caller)
    try:
        with engine.connect() as connection:
            rows: int = connection.execute(counted).scalar_one()
    finally:
        engine.dispose()
    if rows < 2 * requests:
        raise DifferentAnswerError(f"{rows} facts of the caller in the journal for {requests} keys")


def check_limits(folder: Path) -> None:
    """Make sure that Redis decided about all requests: a server that loses it counts by itself, and says so.

    Raises:
        DifferentAnswerError: Redis was lost.
    """
    if any(b"limits.alone" in file.read_bytes() for file in folder.glob("*.log")):
        raise DifferentAnswerError("Redis was lost meanwhile, so limits in memory were measured")
