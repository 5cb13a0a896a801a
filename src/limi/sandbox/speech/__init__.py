"""The sandbox's ears and mouth: voices, recognition, turns, G.711; knows no protocol event, socket or session.

Whatever computes runs in a worker process, because the engines hold the interpreter's lock while they work, and
one of them can hang. So this process imports none of them, and numpy and soxr for G.711 only.
"""

from limi.sandbox.speech.ports import (
    EndOfTurnJudge,
    PerSession,
    Preparable,
    Recogniser,
    SpeechError,
    SpeechUnavailableError,
    SpeechWindow,
    Voice,
    VoiceActivityDetector,
    VoiceStyle,
)

__all__ = [
    "EndOfTurnJudge",
    "PerSession",
    "Preparable",
    "Recogniser",
    "SpeechError",
    "SpeechUnavailableError",
    "SpeechWindow",
    "Voice",
    "VoiceActivityDetector",
    "VoiceStyle",
]
