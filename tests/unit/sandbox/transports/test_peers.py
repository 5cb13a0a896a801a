"""The WebRTC library is imported when it is wanted, and missed in words that help."""

import subprocess
import sys
from typing import Any, cast

import pytest

from limi.sandbox.config import SandboxConfig
from limi.sandbox.transports.peers import WebRTCUnavailableError, make_peer


async def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "limi.sandbox.transports.webrtc", None)
    nothing = cast("Any", None)
    with pytest.raises(WebRTCUnavailableError, match=r"install limi\[sandbox\]"):
        await make_peer(live=nothing, player=nothing, faculties=nothing, config=SandboxConfig())


def test_a_sandbox_without_calls_does_not_load_the_library() -> None:
    program = """
import sys
import limi.sandbox.app
assert not {"aiortc", "aioice", "av"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)  # noqa: S603 - our own command
