"""One spoken turn before the clients begin, because a sandbox starts its speech with the first sound it hears.

On a machine that has much else to do that takes half a minute, which is as long as a client waits for an event.
The table would then tell of the machine, not of the client.
"""

import base64
import json
import ssl
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from websockets.sync.client import connect

from conformance.target import DEFAULT_MODEL, SANDBOX_KEY

__all__ = ["warm_up"]

_RECORDING: Final = Path(__file__).parents[1] / "examples" / "hello.wav"
_SILENCE: Final = bytes(2 * 48_000)
_PIECE_BYTES: Final = 48_000
_SECONDS: Final = 120.0
"""Three workers load their models, each of which the sandbox gives a minute."""


def warm_up(sandbox: Mapping[str, str]) -> None:
    """Speak to a sandbox and wait for its answer.

    Args:
        sandbox: What it says of itself.

    Raises:
        TimeoutError: It has not answered within two minutes.
    """
    url = f"{sandbox['socket_url'].replace('localhost', '127.0.0.1')}?model={DEFAULT_MODEL}"
    trust = ssl.create_default_context(cafile=sandbox["ca_file"]) if "ca_file" in sandbox else None
    headers = {"Authorization": f"Bearer {SANDBOX_KEY}"}
    with connect(url, ssl=trust, additional_headers=headers, max_size=None) as connection:
        # Semantic detection, for that is what its judge of turns is started by.
        audio = {"input": {"turn_detection": {"type": "semantic_vad"}}}
        connection.send(json.dumps({"type": "session.update", "session": {"type": "realtime", "audio": audio}}))
        sound = _recording() + _SILENCE
        for start in range(0, len(sound), _PIECE_BYTES):
            piece = base64.b64encode(sound[start : start + _PIECE_BYTES]).decode()
            connection.send(json.dumps({"type": "input_audio_buffer.append", "audio": piece}))
        while json.loads(connection.recv(_SECONDS))["type"] != "response.done":
            pass


def _recording() -> bytes:
    with wave.open(str(_RECORDING)) as file:
        samples: bytes = file.readframes(file.getnframes())
        return samples
