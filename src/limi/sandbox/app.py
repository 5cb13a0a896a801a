"""The sandbox's parts list, and the sandbox as one ASGI application."""

import asyncio
from typing import cast

import structlog

from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.protocol import SessionConfig, ids_from_hex
from limi.sandbox.brain import Brain, BuiltInBrain
from limi.sandbox.config import SandboxConfig
from limi.sandbox.generation import Sleep
from limi.sandbox.http.credentials import Credentials
from limi.sandbox.http.headers import ASGIApp, OpenAIHeaders, Scope
from limi.sandbox.http.routes import make_http_app
from limi.sandbox.http.socket import SocketEndpoint
from limi.sandbox.live_session import Faculties
from limi.sandbox.secrets import ClientSecrets
from limi.sandbox.speech import Recogniser, Voice, VoiceActivityDetector
from limi.sandbox.speech.deaf import DeafRecogniser
from limi.sandbox.speech.pico import PicoVoice
from limi.sandbox.speech.silero import SileroDetector
from limi.sandbox.transports.websocket import Receive, Send

__all__ = ["Sandbox", "SandboxConfig", "create_sandbox"]

_log = structlog.get_logger(__name__)


def create_sandbox(
    config: SandboxConfig | None = None,
    *,
    clock: Clock,
    ids: Ids,
    sleep: Sleep = asyncio.sleep,
    brain: Brain | None = None,
    voice: Voice | None = None,
    detector: VoiceActivityDetector | None = None,
    recogniser: Recogniser | None = None,
) -> "Sandbox":
    """Build a sandbox.

    Args:
        config: Its settings.
        clock: Its time.
        ids: Its randomness, from which secrets and identifiers are made.
        sleep: How it waits; goes with `clock`, so that a virtual clock needs no real time.
        brain: Who answers; by default a small one that repeats, counts and calls tools.
        voice: What it speaks with; by default SVOX Pico.
        detector: What tells speech from silence; by default Silero.
        recogniser: What writes speech down; by default one that only says how long it was.
    """
    config = config or SandboxConfig()
    secrets: ClientSecrets[SessionConfig] = ClientSecrets(clock=clock, ids=ids, limit=config.max_secrets)
    credentials = Credentials(api_key=config.api_key, secrets=secrets)
    faculties = Faculties(
        brain=brain or BuiltInBrain(clock=clock),
        voice=voice or PicoVoice(),
        detector=detector or SileroDetector(),
        recogniser=recogniser or DeafRecogniser(),
        clock=clock,
        sleep=sleep,
        new_id=ids_from_hex(ids.hex),
    )
    http = make_http_app(
        credentials=credentials,
        secrets=secrets,
        models=config.models,
        default_model=config.default_model,
        new_id=faculties.new_id,
        max_body_bytes=config.max_body_bytes,
    )
    sockets = SocketEndpoint(config=config, credentials=credentials, faculties=faculties)
    # Litestar types its messages more narrowly than any server that calls it does.
    http_app = cast("ASGIApp", http)
    return Sandbox(
        http=http_app, sockets=sockets, faculties=faculties, ids=ids, close_seconds=config.close_seconds
    )


class Sandbox:
    """An ASGI application: alone at `/`, where it answers the lifespan too, or mounted below a prefix."""

    def __init__(
        self, *, http: ASGIApp, sockets: SocketEndpoint, faculties: Faculties, ids: Ids, close_seconds: float
    ) -> None:
        """Join the parts; `create_sandbox` makes them."""
        self._http = OpenAIHeaders(http, clock=faculties.clock, ids=ids)
        self._sockets = sockets
        self._handshakes = OpenAIHeaders(sockets, clock=faculties.clock, ids=ids)
        self._faculties = faculties
        self._close_seconds = close_seconds
        self._stopped = False

    @property
    def open_sessions(self) -> int:
        """How many sessions run at this moment."""
        return self._sockets.open_sessions

    async def start(self) -> None:
        """Get ready; speech starts with the first session that needs it. May be called twice.

        Raises:
            RuntimeError: When the sandbox was stopped: make a new one.
        """
        if self._stopped:
            raise RuntimeError("a stopped sandbox is not started again; make a new one")

    async def stop(self) -> None:
        """Close all sessions with 1001 and end the worker processes, for good. May be called twice."""
        self._stopped = True
        self._sockets.dismiss()
        try:
            async with asyncio.timeout(self._close_seconds):
                await self._sockets.empty()
        except TimeoutError:
            # A client that does not read keeps its socket, which the server cuts; speech ends all the same.
            _log.warning("sandbox.stop.sessions_left", sessions=self._sockets.open_sessions)
        faculties = self._faculties
        await asyncio.gather(faculties.voice.close(), faculties.detector.close(), faculties.recogniser.close())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        inner = _own_scope(scope)
        await (self._handshakes if scope["type"] == "websocket" else self._http)(inner, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _own_scope(scope: Scope) -> Scope:
    """Return the scope as a root application would see it.

    A server that mounts may cut the prefix off the path or leave it there and name it in `root_path`; and Litestar
    keeps things in `state` that must not meet those of an outer Litestar.
    """
    root: str = scope.get("root_path", "")
    path: str = scope["path"]
    if root and path.startswith(root + "/"):
        path = path[len(root) :]
    return {**scope, "root_path": "", "path": path, "raw_path": path.encode(), "state": {}}
