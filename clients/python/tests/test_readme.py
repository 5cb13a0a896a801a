"""What the README shows works as it stands there; only the place of the backend is this test's."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
SCRIPT = """
hears: [Hello there]
turns:
  - user: {contains: hello}
    assistant: Good morning.
  - user: {contains: count}
    assistant: "One, two, three."
  - user: {contains: weather}
    assistant:
      - call: get_weather
        arguments: {city: Rome}
      - "It is {result.sky} in Rome, at {result.degrees} degrees."
"""
SAYS = [
    "You:  Hello there\nLimi: Good morning.",
    "assistant: One, two, three.",
    "It is blue in Rome, at 21 degrees.",
    "/v1/realtime/calls\nhealthy",
    "booking",
]
"""What each block prints, beside other things."""


@pytest.fixture
def limi_sandbox_options() -> dict[str, Any]:
    return {"script": SCRIPT}


@pytest.mark.parametrize(("block", "says"), list(zip(BLOCKS, SAYS, strict=True)), ids=SAYS)
def test_an_example_works(block: str, says: str, backend_url: str, tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(block.replace("http://localhost:3001/api", backend_url))
    shutil.copy(ROOT.parents[1] / "examples" / "hello.wav", tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", "example.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert says in done.stdout
    assert done.stderr == ""


def test_every_option_of_the_command_that_is_shown_exists() -> None:
    from limi_client import cli  # noqa: PLC0415 - a private name of it

    for line in re.findall(r"^limi-client (.*?)(?:\s+#.*)?$", README, re.MULTILINE):
        arguments = re.findall(r'"([^"]*)"|(\S+)', line)
        cli._parser().parse_args([quoted or plain for quoted, plain in arguments])
