"""The sandbox's ears and mouth: voice, voice activity, G.711; knows no protocol event, no socket and no session.

Whatever computes runs in a worker process, because the engines hold the interpreter's lock while they work, and
one of them can hang. So this process imports neither of them, and numpy and soxr for G.711 only.
"""

from limi.sandbox.speech.ports import (
    Recogniser,
    SpeechError,
    SpeechUnavailableError,
    SpeechWindow,
    Voice,
    VoiceActivityDetector,
    VoiceStyle,
)

__all__ = [
    "Recogniser",
    "SpeechError",
    "SpeechUnavailableError",
    "SpeechWindow",
    "Voice",
    "VoiceActivityDetector",
    "VoiceStyle",
]
