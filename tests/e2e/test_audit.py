"""The audit log of a real server: killed, started again, exported, verified by somebody who has only the key."""

import os
import stat
import sys
from asyncio import subprocess
from pathlib import Path

from limi.features.journal import verifier
from tests.e2e.harness import MINT, Server, audit_until, free, run_limi


async def _mint(server: Server, count: int) -> None:
    async with server.client() as client:
        for _ in range(count):
            (await client.post(MINT)).raise_for_status()


async def test_a_log_is_sound_after_a_crash_and_a_stop(tmp_path: Path) -> None:
    settings = free({"LIMI_AUDIT_FILE": str(tmp_path / "audit.jsonl")})
    async with Server.running(tmp_path, **settings) as server:
        await _mint(server, 5)
        server.kill()
    async with Server.running(tmp_path, **settings) as server:
        await _mint(server, 5)
        await audit_until(tmp_path, intents_ended=True)
        await server.stop()

    code, said, _ = await run_limi(tmp_path, "audit", "verify")
    assert (code, said.splitlines()[-1]) == (0, "sound"), said
    assert "stand after" not in said, "the dead writer's rows are sealed too"

    _, export, _ = await run_limi(tmp_path, "audit", "export")
    _, pem, _ = await run_limi(tmp_path, "audit", "public-key")
    (tmp_path / "export.jsonl").write_text(export)
    (tmp_path / "key.pem").write_text(pem)
    assert await _verify_alone(tmp_path, "export.jsonl", "key.pem") == 0

    copy = tmp_path / "audit.jsonl"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [line for line in export.splitlines() if '"export"' not in line] == copy.read_text().splitlines()
    assert await _verify_alone(tmp_path, "--open", "audit.jsonl", "key.pem") == 0
    (tmp_path / "export.jsonl").write_text(export.replace('"token.generated"', '"token.failed"', 1))
    assert await _verify_alone(tmp_path, "export.jsonl", "key.pem") == 1


async def _verify_alone(folder: Path, *arguments: str) -> int:
    process = await subprocess.create_subprocess_exec(
        *(sys.executable, "-P", verifier.__file__, *arguments),
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert err == b"", err
    assert out
    return process.returncode or 0
