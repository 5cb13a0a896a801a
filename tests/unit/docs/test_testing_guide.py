"""The examples of docs/testing-with-limi.md, run as its readers would run them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from limi.sandbox.config import SandboxConfig
from limi.sandbox.faults.rules import FaultRule, What
from tests.unit.docs.reading import ROOT, blocks

_GUIDE = ROOT / "docs" / "testing-with-limi.md"
_RUN_SETUP = """
import setup from "./sandbox.setup.mjs";
const teardown = await setup();
const headers = { authorization: `Bearer ${process.env.OPENAI_API_KEY}` };
const models = await fetch(`${process.env.OPENAI_BASE_URL}/models`, { headers });
const faults = await fetch(`${process.env.OPENAI_BASE_URL}/_limi/faults`, { headers });
console.log(models.status, faults.status);
await teardown();
await fetch(process.env.OPENAI_BASE_URL).then(() => process.exit(1), () => console.log("gone"));
"""


def test_its_python_examples_pass(tmp_path: Path) -> None:
    conftest, *tests = (block.text for block in blocks(_GUIDE, "python"))
    (tmp_path / "conftest.py").write_text(conftest)
    for number, text in enumerate(tests):
        (tmp_path / f"test_example_{number}.py").write_text(text)
    options = ["-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"]
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", *options, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{len(tests) + 1} passed" in ended.stdout


def test_its_javascript_example_starts_and_ends_a_sandbox(tmp_path: Path) -> None:
    (setup,) = blocks(_GUIDE, "js")
    (tmp_path / "sandbox.setup.mjs").write_text(setup.text)
    (tmp_path / "run.mjs").write_text(_RUN_SETUP)
    command = tmp_path / "limi"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m limi "$@"\n')
    command.chmod(0o755)
    ended = subprocess.run(  # noqa: S603 - our own command
        [str(Path(sys.prefix) / "node" / "bin" / "node"), "run.mjs"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "200 200\ngone\n"), ended.stderr


def test_it_lists_every_fault_and_every_member_of_a_rule() -> None:
    text = _GUIDE.read_text(encoding="utf-8")
    assert all(f"| `{what}` | " in text for what in What)
    members = set(FaultRule.__struct_fields__) - {"where", "what"}
    assert all(f"`{member}`" in text for member in members)


def test_what_it_says_is_printed_is_json() -> None:
    (printed,) = blocks(_GUIDE, "json")
    assert set(json.loads(printed.text)) == {"url", "base_url", "socket_url", "api_key", "pid"}


def test_the_bounds_of_the_page_are_those_of_the_configuration() -> None:
    config, text = SandboxConfig(), _GUIDE.read_text("utf-8")
    assert f"| sessions | {config.max_sessions}, of which {config.max_calls} are calls |" in text
    assert f"| client secrets that have not expired | {config.max_secrets:,} |" in text
    assert f"| body of a request | {config.max_body_bytes // 2**20} MiB |" in text
