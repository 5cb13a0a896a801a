"""How soon does the sandbox answer, what does a live call cost, and how many calls does one core hold?"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness.load import LoadError
from benchmarks.harness.processes import choose_cores, pinned
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, running
from benchmarks.harness.voice_plan import MARK, Found, Plan, Transport, percentile
from benchmarks.harness.voice_sandbox import mint_key, sandbox
from benchmarks.harness.voice_turns import SILENCE_MS
from limi.sandbox.config import SandboxConfig
from limi.sandbox.speech.choice import SpeechLevel

__all__ = ["measure"]

_ROOT: Final = Path(__file__).parents[1]
_LONGEST_SECONDS: Final = 300
"""No ramp takes half as long."""
_BOUND_SECONDS: Final = 0.5
_CROWD: Final = 5
"""So many calls are held at either level of speech, so that one figure can be set beside the other."""
_STEPS: Final = (5, 10, 15, 20, 30, 45, 60, 80, 100)
"""So many calls at once, as far as a sandbox has room for them."""
_ALONE_TURNS: Final = 3
_ROUNDS: Final = 1
"""A round takes five minutes and has each turn's time a hundred times over."""
_WINDOW_SECONDS: Final = 8.0
"""A turn takes 7: 4 of speech, and 3 of silence, waiting and answer."""
_CROWD_WINDOWS: Final = 2
_WHOLE_SECONDS: Final = 4.0
"""A measurement of less than the recording's length is made with its first word only."""
_WORD_SECONDS: Final = 0.9
_WORD_WINDOW_SECONDS: Final = 4.5
_WORD_STEPS: Final = (2,)

_MOST: Final = {
    Transport.SOCKET: SandboxConfig().max_sessions,
    Transport.WEBRTC: SandboxConfig().max_calls,
}
_TRANSPORTS: Final = {
    "socket-small": Transport.SOCKET,
    "webrtc-small": Transport.WEBRTC,
    "socket-speech": Transport.SOCKET,
    "webrtc-speech": Transport.WEBRTC,
}
_CONTENDERS: Final = (
    sandbox("socket-small", "WebSocket, small voice", SpeechLevel.SMALL),
    sandbox("webrtc-small", "WebRTC, small voice", SpeechLevel.SMALL),
    sandbox("socket-speech", "WebSocket, recognition and natural voice", SpeechLevel.AUTO),
    sandbox("webrtc-speech", "WebRTC, recognition and natural voice", SpeechLevel.AUTO),
)

_COLUMNS: Final = (
    Column(key="p50_ms_alone", heading="first sound p50 ms, 1 call", digits=0),
    Column(key="p50_ms_crowd", heading=f"p50 ms, {_CROWD} calls", digits=0),
    Column(key="p99_ms_crowd", heading=f"p99 ms, {_CROWD} calls", digits=0),
    Column(key="core_percent", heading="% of a core a call", digits=1),
    Column(key="held", heading="calls held by one core", digits=0),
    Column(key="load_core_share", heading="load core busy", digits=2, shown=False),
)
_NOTES: Final = (
    (
        "First sound runs from the moment that a turn's sound had been sent, up to where the session says the "
        f"turn ended, to the first sound of the answer. The {SILENCE_MS} ms of silence by which server VAD knows "
        "that a turn is over come before that, and are the client's to set."
    ),
    (
        "Over WebRTC the first sound is the one that `output_audio_buffer.started` tells of; a client's jitter "
        "buffer plays it some 60 ms later. That sound came is checked."
    ),
    (
        f"Each call talks for four seconds, is silent, and hears the answer of three seconds out, over and over, "
        f"with an open microphone. Calls are held while half of the turns of {_WINDOW_SECONDS:.0f} s are answered "
        f"within {_BOUND_SECONDS * 1000:.0f} ms; tried are {', '.join(map(str, _STEPS))}, and by WebRTC no more "
        f"than the {_MOST[Transport.WEBRTC]} that a sandbox takes."
    ),
    (
        "One core has all of the sandbox's processes, the other the callers. Where the callers would need more "
        "than 80 % of theirs the ramp ends, and more calls might be held than are told."
    ),
    f"The p99 of {_CROWD} calls is the greatest of some twenty turns.",
    "The answer is scripted, so no model's time is in it. Words are recognised first, where the row says so.",
    "There is one round, so that least and greatest are the same as the median.",
)


def measure(_: Sequence[Contender], options: Options) -> Report:
    """Run the question; it has contenders of its own."""
    options = replace(options, rounds=_ROUNDS)
    outcome = interleave(_CONTENDERS, options.rounds, lambda contender, folder: _once(contender, folder, options))
    report = make_report(
        question="voice",
        title="A call with the sandbox",
        contenders=_CONTENDERS,
        options=options,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by=None,
        notes=_NOTES,
    )
    driver = f"callers in Python (websockets {version('websockets')}, aiortc {version('aiortc')})"
    run = msgspec.structs.replace(report.run, driver=driver, connections=_CROWD, seconds=_WINDOW_SECONDS)
    return msgspec.structs.replace(report, run=run)


def _once(contender: Contender, folder: Path, options: Options) -> Mapping[str, float]:
    cores = choose_cores()
    with running(contender, core=cores.server, upstream_url="", folder=folder) as server:
        plan = _plan(_TRANSPORTS[contender.name], options)
        key = mint_key(contender, server.port)
        plan = msgspec.structs.replace(plan, port=server.port, server_pid=server.process.pid, key=key)
        found = _carry_out(plan, core=cores.load)
    if not found.crowd:
        raise LoadError(f"{contender.name} does not hold {plan.crowd} calls: {found.ended_by}")
    return {
        "p50_ms_alone": 1000 * percentile(found.single, 50),
        "p50_ms_crowd": 1000 * percentile(found.crowd, 50),
        "p99_ms_crowd": 1000 * percentile(found.crowd, 99),
        "core_percent": 100 * found.share_per_call,
        "held": found.held,
        "load_core_share": found.load_share,
    }


def _plan(transport: Transport, options: Options) -> Plan:
    whole = options.seconds >= _WHOLE_SECONDS
    steps = _STEPS if whole else _WORD_STEPS
    return Plan(
        transport=transport,
        port=0,
        server_pid=0,
        key="",
        speech_seconds=None if whole else _WORD_SECONDS,
        warm_up_turns=1 if whole else 0,
        single_turns=_ALONE_TURNS if whole else 1,
        steps=[calls for calls in steps if calls <= _MOST[transport]],
        crowd=_CROWD if whole else steps[0],
        crowd_windows=_CROWD_WINDOWS if whole else 0,
        window_seconds=_WINDOW_SECONDS if whole else _WORD_WINDOW_SECONDS,
        bound_seconds=_BOUND_SECONDS,
    )


def _carry_out(plan: Plan, *, core: int) -> Found:
    """Run the caller process; what it says while it works goes to the terminal.

    Raises:
        LoadError: it failed.
    """
    command = [sys.executable, "-m", "benchmarks.harness.voice_driver", msgspec.json.encode(plan).decode()]
    with pinned(core):
        done = subprocess.run(  # noqa: S603 - our own
            command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, check=False, timeout=_LONGEST_SECONDS
        )
    line = next((line for line in done.stdout.splitlines() if line.startswith(MARK)), None)
    if done.returncode or line is None:
        raise LoadError(f"the callers ended with {done.returncode}")
    return msgspec.json.decode(line.removeprefix(MARK), type=Found)
