"""The pytest fixture, used by test files of its own in runs of their own."""

import subprocess
import sys
from pathlib import Path

_CONFTEST = 'pytest_plugins = ["limi.testing.plugin"]\n'
_OPTIONS = ["-o", "asyncio_default_fixture_loop_scope=function"]
_TESTS = """
import pytest
from openai import AsyncOpenAI, OpenAI, RateLimitError
from limi.testing import VirtualClock

def test_each_test_has_its_own(limi_sandbox):
    client = OpenAI(base_url=limi_sandbox.url, api_key=limi_sandbox.api_key)
    client.realtime.client_secrets.create()

@pytest.mark.limi_sandbox(faults=[{"where": "mint", "what": "refuse", "status": 429}], clock=VirtualClock())
def test_the_marker_says_how_it_is(limi_sandbox):
    limi_sandbox.advance(3600)
    client = OpenAI(base_url=limi_sandbox.url, api_key=limi_sandbox.api_key, max_retries=0)
    with pytest.raises(RateLimitError):
        client.realtime.client_secrets.create()

@pytest.mark.asyncio
async def test_one_with_a_loop_can_use_it_too(limi_sandbox):
    client = AsyncOpenAI(base_url=limi_sandbox.url, api_key=limi_sandbox.api_key)
    async with client.realtime.connect(model="gpt-realtime") as connection:
        assert (await connection.recv()).type == "session.created"
    assert len(limi_sandbox.sessions) == 1

class TestOptions:
    @pytest.fixture
    def limi_sandbox_options(self):
        return {"faults": [{"where": "mint", "what": "refuse", "status": 429}]}

    def test_a_fixture_says_how_they_are(self, limi_sandbox):
        assert len(limi_sandbox.faults) == 1
"""


def test_it_gives_each_test_a_sandbox(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(_CONFTEST)
    (tmp_path / "test_app.py").write_text(_TESTS)
    ended = subprocess.run(  # noqa: S603 - our own command
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--strict-markers",
            "-p",
            "no:cacheprovider",
            "-W",
            "error",
            *_OPTIONS,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "4 passed" in ended.stdout
