"""What the question about calls asks of each contender."""

from benchmarks import voice
from benchmarks.harness.rounds import Options
from benchmarks.harness.voice_plan import Transport
from limi.sandbox.config import SandboxConfig

_FULL = Options(rounds=5, seconds=5.0, warm_up_seconds=8.0, connections=64)
_QUICK = Options(rounds=1, seconds=1.0, warm_up_seconds=1.0, connections=64)


def test_no_more_calls_are_tried_than_a_sandbox_takes() -> None:
    limits = {
        Transport.SOCKET: SandboxConfig().max_sessions,
        Transport.WEBRTC: SandboxConfig().max_calls,
    }
    for transport, most in limits.items():
        steps = voice._plan(transport, _FULL).steps
        assert list(steps) == sorted(steps)
        assert steps[-1] <= most


def test_the_crowd_is_one_of_the_steps() -> None:
    for options in (_FULL, _QUICK):
        plan = voice._plan(Transport.WEBRTC, options)
        assert plan.crowd in plan.steps


def test_a_quick_run_says_a_word_only() -> None:
    quick, full = (voice._plan(Transport.SOCKET, options) for options in (_QUICK, _FULL))
    assert full.speech_seconds is None
    assert quick.speech_seconds is not None
    assert quick.speech_seconds < quick.window_seconds < full.window_seconds
