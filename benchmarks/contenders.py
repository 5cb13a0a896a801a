"""Who is measured: Limi with everything on, and what people run today. The README here says how to add one."""

import platform
import re
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.harness.machine import python_versions, tool_version
from benchmarks.harness.servers import Contender, Launch
from benchmarks.setup import PEERS, install_node_peer, install_python_peer, node, packaged_node

__all__ = [
    "EVERYONE",
    "LIMI_REST_SECONDS",
    "by_name",
    "check_journal",
    "limi_environ",
    "limi_versions",
    "locked_versions",
    "read_common",
]

_KEY: Final = "sk-benchmark"  # of no account
_MASTER_KEY: Final = "sk-benchmark-master"
_COMMON: Final = ("ephemeralKey", "expiresAt", "sessionId", "model", "requestId")
LIMI_REST_SECONDS: Final = 2.0
"""It counts usage every two seconds, and what it counts is the cost of the mints before."""
_LIMI_PARTS: Final = ("limi", "uvicorn", "uvloop", "httptools", "msgspec", "sqlalchemy", "structlog")


def limi_environ(launch: Launch) -> dict[str, str]:
    """Return Limi's settings: all parts on, and limits that let a benchmark through."""
    return {
        "OPENAI_API_KEY": _KEY,
        "LIMI_UPSTREAM_URL": launch.upstream_url,
        "LIMI_PORT": str(launch.port),
        "LIMI_TOKENS_PER_MINUTE": "100000000",
        "LIMI_DATABASE_URL": f"sqlite:///{launch.folder / 'journal.db'}",
        "LIMI_LOG_LEVEL": "info",
        "LIMI_LOG_FORMAT": "json",
    }


def limi_versions() -> Mapping[str, str]:
    """Return the versions of Limi and of the libraries that a mint passes."""
    return python_versions(_LIMI_PARTS)


def check_journal(folder: Path, requests: int) -> None:
    """Make sure that each key of a run left its two facts in the database.

    Raises:
        ValueError: it did not, so what was measured is not Limi with everything on.
    """
    connection = sqlite3.connect(folder / "journal.db")
    try:
        rows: int = connection.execute("SELECT count(*) FROM journal").fetchone()[0]
    finally:
        connection.close()
    if rows < 2 * requests:
        raise ValueError(f"{rows} facts in the journal for {requests} keys")


def _limi(launch: Launch) -> Sequence[str]:
    return [sys.executable, "-m", "limi", "serve", "--port", str(launch.port)]


def _fastapi(_: Launch) -> Sequence[str]:
    return [str(install_python_peer("fastapi") / "python"), str(PEERS / "fastapi" / "server.py")]


def _litellm(launch: Launch) -> Sequence[str]:
    program = str(install_python_peer("litellm") / "litellm")
    config = str(PEERS / "litellm" / "config.yaml")
    place = ["--host", "127.0.0.1", "--port", str(launch.port)]
    return [program, "--config", config, *place, "--num_workers", "1", "--telemetry", "False"]


def _peer_environ(launch: Launch) -> Mapping[str, str]:
    return {
        "NODE_ENV": "production",
        "PORT": str(launch.port),
        "UPSTREAM_URL": launch.upstream_url,
        "OPENAI_API_KEY": _KEY,
        "LOG_FILE": str(launch.folder / "mint.log"),
    }


def _litellm_environ(launch: Launch) -> Mapping[str, str]:
    # Mode and log level are what its page on production asks for.
    production = {"LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR", "LITELLM_MASTER_KEY": _MASTER_KEY}
    return {**_peer_environ(launch), **production}


def _on_node(
    peer: str, packages: Sequence[str], *, name: str, title: str, program: Callable[[], Path]
) -> Contender:
    """Return a server of `peers/` that is written in JavaScript, on the Node that `program` installs."""

    def versions() -> Mapping[str, str]:
        modules = PEERS / peer / "node_modules"
        found = {package: _package_version(modules / package / "package.json") for package in packages}
        return {"node": tool_version([str(program()), "--version"]).removeprefix("v"), **found}

    return Contender(
        name=name,
        title=title,
        command=lambda _: [str(program()), str(install_node_peer(peer) / "server.js")],
        environ=_peer_environ,
        versions=versions,
        read=read_common,
    )


def _package_version(file: Path) -> str:
    version: str = msgspec.json.decode(file.read_bytes())["version"]
    return version


def locked_versions(name: str, packages: Sequence[str]) -> Mapping[str, str]:
    """Return the versions that a Python peer's lock file names."""
    lock = (PEERS / name / "requirements.txt").read_text(encoding="utf-8")
    found = {package: re.search(rf"^{package}==(\S+)", lock, re.MULTILINE) for package in packages}
    return {"python": platform.python_version(), **{name: hit[1] for name, hit in found.items() if hit}}


def read_common(answer: Any) -> Mapping[str, object]:  # noqa: ANN401 - decoded JSON
    """Return the members that every mint of ours answers with."""
    return {name: answer.get(name) for name in _COMMON}


def _read_litellm(answer: Any) -> Mapping[str, object]:  # noqa: ANN401 - decoded JSON
    """Return what of its answer is comparable: it encrypts the key, and knows no ids of the caller's."""
    return {"expiresAt": answer["expires_at"], "model": answer["session"]["model"]}


_LIMI: Final = Contender(
    name="limi",
    title="Limi, everything on",
    command=_limi,
    environ=limi_environ,
    versions=limi_versions,
    read=read_common,
    check=check_journal,
    rest_seconds=LIMI_REST_SECONDS,
)

_express: Final = partial(
    _on_node, "express", ("express", "axios", "express-validator", "express-rate-limit", "winston")
)

EVERYONE: Final[Sequence[Contender]] = (
    _LIMI,
    msgspec.structs.replace(
        _LIMI, name="limi-idempotent", title="… and an Idempotency-Key on every request", unique_keys=True
    ),
    _on_node(
        "fastify",
        ("fastify", "undici", "pino", "@fastify/rate-limit"),
        name="fastify",
        title="Fastify + undici + pino",
        program=node,
    ),
    _express(
        name="express",
        title="Express + axios + express-validator + express-rate-limit + winston",
        program=node,
    ),
    _express(name="express-node22", title="… on Node 22", program=lambda: packaged_node("node22")),
    _express(name="express-node20", title="… on Node 20", program=lambda: packaged_node("node20")),
    Contender(
        name="fastapi",
        title="FastAPI + httpx + structlog",
        command=_fastapi,
        environ=_peer_environ,
        versions=lambda: locked_versions("fastapi", ("fastapi", "httpx", "pydantic", "uvicorn", "structlog")),
        read=read_common,
    ),
    Contender(
        name="litellm",
        title="LiteLLM proxy",
        command=_litellm,
        environ=_litellm_environ,
        versions=lambda: locked_versions("litellm", ("litellm",)),
        path="/v1/realtime/client_secrets",
        body='{"session":{"type":"realtime","model":"gpt-realtime"}}',
        wrong_body=None,
        authorization=f"Bearer {_MASTER_KEY}",
        logs_each=False,
        read=_read_litellm,
    ),
)


def by_name(names: Sequence[str]) -> list[Contender]:
    """Return the contenders named, in their order here; all of them where none is named.

    Raises:
        ValueError: there is none of that name.
    """
    if unknown := set(names) - {contender.name for contender in EVERYONE}:
        known = ", ".join(contender.name for contender in EVERYONE)
        raise ValueError(f"--only: no contender is named {', '.join(sorted(unknown))}; there are {known}")
    return [contender for contender in EVERYONE if not names or contender.name in names]
