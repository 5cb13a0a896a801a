"""The sandbox's parts list, and the sandbox as one ASGI application."""

import asyncio
from dataclasses import replace
from typing import cast

import structlog

from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.protocol import SessionConfig, ids_from_hex
from limi.sandbox.answering.brain import Brain, BuiltInBrain, Closable
from limi.sandbox.answering.scripted_brain import ScriptedBrain
from limi.sandbox.calls import Calls
from limi.sandbox.config import SandboxConfig
from limi.sandbox.hearing.scripted_recogniser import ScriptedRecogniser
from limi.sandbox.http.cors import AnyOrigin
from limi.sandbox.http.credentials import Credentials
from limi.sandbox.http.headers import ASGIApp, OpenAIHeaders, Scope
from limi.sandbox.http.routes import make_http_app
from limi.sandbox.http.socket import SocketEndpoint
from limi.sandbox.interference import Interference
from limi.sandbox.scripts import Script
from limi.sandbox.secrets import ClientSecrets
from limi.sandbox.sessions.live_session import Faculties
from limi.sandbox.sessions.open_sessions import OpenSessions
from limi.sandbox.sleep import Sleep
from limi.sandbox.speech import EndOfTurnJudge, Recogniser, Voice, VoiceActivityDetector
from limi.sandbox.speech.choice import choose_speech
from limi.sandbox.transports.peers import make_peer
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
    script: Script | None = None,
    voice: Voice | None = None,
    detector: VoiceActivityDetector | None = None,
    recogniser: Recogniser | None = None,
    judge: EndOfTurnJudge | None = None,
    interference: Interference | None = None,
) -> "Sandbox":
    """Build a sandbox.

    Args:
        config: Its settings.
        clock: Its time.
        ids: Its randomness, from which secrets and identifiers are made.
        sleep: How it waits; goes with `clock`, so that a virtual clock needs no real time.
        brain: Who answers; by default a small one that repeats, counts and calls tools.
        script: What is heard and said in their place, as far as it goes; see docs/sandbox-scripts.md.
        voice: What it speaks with; by default what `config.speech` asks for.
        detector: What tells speech from silence; by default Silero.
        recogniser: What writes speech down; by default what `config.speech` asks for.
        judge: What tells by the sound whether a turn is over; by default what `config.speech` asks for.
        interference: Who stands between it and its clients; nobody, unless faults or recordings are wanted.
    """
    config = config or SandboxConfig()
    speech = choose_speech(config.speech, folder=config.speech_dir)
    faculties = Faculties(
        brain=brain or BuiltInBrain(clock=clock),
        voice=voice or speech.voice,
        detector=detector or speech.detector,
        recogniser=recogniser or speech.recogniser,
        judge=judge or speech.judge,
        clock=clock,
        sleep=sleep,
        new_id=ids_from_hex(ids.hex),
        interference=interference,
    )
    return _assemble(config, faculties if script is None else _scripted(faculties, script), ids)


def _assemble(config: SandboxConfig, faculties: Faculties, ids: Ids) -> "Sandbox":
    """Put routes and sockets around what it hears, thinks and speaks with."""
    secrets: ClientSecrets[SessionConfig] = ClientSecrets(clock=faculties.clock, ids=ids, limit=config.max_secrets)
    credentials = Credentials(api_key=config.api_key, secrets=secrets)
    sessions = OpenSessions(limit=config.max_sessions)
    calls = Calls(config=config, faculties=faculties, ids=ids, sessions=sessions, make_peer=make_peer)
    http = make_http_app(
        credentials=credentials,
        secrets=secrets,
        calls=calls,
        models=config.models,
        default_model=config.default_model,
        new_id=faculties.new_id,
        max_body_bytes=config.max_body_bytes,
    )
    sockets = SocketEndpoint(
        config=config, credentials=credentials, faculties=faculties, sessions=sessions, calls=calls
    )
    return Sandbox(
        # Litestar types its messages more narrowly than any server that calls it does.
        http=cast("ASGIApp", http),
        sockets=sockets,
        sessions=sessions,
        calls=calls,
        faculties=faculties,
        ids=ids,
        config=config,
    )


class Sandbox:
    """An ASGI application: alone at `/`, where it answers the lifespan too, or mounted below a prefix."""

    def __init__(
        self,
        *,
        http: ASGIApp,
        sockets: SocketEndpoint,
        sessions: OpenSessions,
        calls: Calls,
        faculties: Faculties,
        ids: Ids,
        config: SandboxConfig,
    ) -> None:
        """Join the parts; `create_sandbox` makes them."""
        around = faculties.interference.around if faculties.interference else _untouched
        readable = AnyOrigin if config.any_origin else _untouched
        self._http = OpenAIHeaders(readable(around(http)), clock=faculties.clock, ids=ids)
        self._sessions = sessions
        self._calls = calls
        self._handshakes = OpenAIHeaders(around(sockets), clock=faculties.clock, ids=ids)
        self._faculties = faculties
        self._close_seconds = config.close_seconds
        self._stopped = False

    @property
    def open_sessions(self) -> int:
        """How many sessions run at this moment, calls among them."""
        return len(self._sessions)

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
        if self._faculties.interference is not None:
            self._faculties.interference.release()
        self._sessions.dismiss()
        try:
            async with asyncio.timeout(self._close_seconds):
                await self._sessions.empty()
        except TimeoutError:
            # A client that does not read keeps its socket, which the server cuts; speech ends all the same.
            _log.warning("sandbox.stop.sessions_left", sessions=len(self._sessions))
        await self._calls.close()
        faculties = self._faculties
        parts = (faculties.voice, faculties.detector, faculties.recogniser, faculties.judge)
        await asyncio.gather(*(part.close() for part in parts if part is not None))
        if isinstance(faculties.brain, Closable):
            await faculties.brain.close()

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


def _scripted(faculties: Faculties, script: Script) -> Faculties:
    """Put a script before the brain and the recogniser; what it does not know goes on to them."""
    sleep = faculties.sleep
    return replace(
        faculties,
        brain=ScriptedBrain(script=script, otherwise=faculties.brain, sleep=sleep),
        recogniser=ScriptedRecogniser(hears=script.hears, otherwise=faculties.recogniser, sleep=sleep),
    )


def _untouched(app: ASGIApp) -> ASGIApp:
    return app


def _own_scope(scope: Scope) -> Scope:
    """Return the scope as a root application would see it.

    A server that mounts may cut the prefix off the path or leave it there and name it in `root_path`; and Litestar
    keeps things in `state` that must not meet those of an outer Litestar.
    """
    root: str = scope.get("root_path", "")
    path: str = scope["path"]
    if root and path.startswith(root + "/"):
        path = path[len(root) :]
    own_state = {"root_path": root}
    return {**scope, "root_path": "", "path": path, "raw_path": path.encode(), "state": own_state}
