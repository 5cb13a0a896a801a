"""`limi sandbox`: the offline OpenAI alone."""

import json
import re
import urllib.request
from pathlib import Path

from tests.unit.cli.processes import started


def test_it_says_how_to_point_an_sdk_at_it_and_answers_there(folder: Path) -> None:
    with started("sandbox", "--port", "0", folder=folder) as sandbox:
        line = sandbox.until("The sandbox answers at")[-1]
        found = re.search(r"OPENAI_BASE_URL=(http://localhost:\d+/v1) OPENAI_API_KEY=sk-anything", line)
        assert found
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{found[1]}/models", headers={"Authorization": "Bearer anything"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            assert json.load(answer)["object"] == "list"
        assert sandbox.stop() == 0
    assert not (folder / ".limi").exists()
