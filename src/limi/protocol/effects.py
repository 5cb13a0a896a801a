"""What a session wants done in the world; whoever drives it does these things, in order.

A session computes; it does not wait. When it wants an answer generated or audio listened to, it says so with
one of these values and hears of the outcome through its input methods.
"""

from dataclasses import dataclass
from enum import StrEnum

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.generation import GenerationRequest
from limi.protocol.session_config import Transcription, TurnDetection

__all__ = [
    "ClearPlayback",
    "Close",
    "ConfigureVAD",
    "Effect",
    "FeedVAD",
    "Generate",
    "PlayAudio",
    "StopGenerating",
    "StopReason",
    "Transcribe",
]


class StopReason(StrEnum):
    """Why a response is no longer wanted."""

    CLIENT_CANCELLED = "client_cancelled"
    TURN_DETECTED = "turn_detected"
    MAX_OUTPUT_TOKENS = "max_output_tokens"
    SESSION_ENDED = "session_ended"


@dataclass(frozen=True, slots=True)
class Generate:
    """Answer `request`; report through `text_delta`, `audio_chunk`, `function_call_*`, then `finish` or `fail`."""

    response_id: str
    request: GenerationRequest


@dataclass(frozen=True, slots=True)
class StopGenerating:
    """Stop working on a response; its closing events are sent already, and late reports on it are ignored."""

    response_id: str
    reason: StopReason


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Write down a user's speech; report through `transcription_finished` or `transcription_failed`."""

    item_id: str
    audio: bytes
    audio_format: AudioFormat
    transcription: Transcription


@dataclass(frozen=True, slots=True)
class ConfigureVAD:
    """Start the turn detector afresh with these settings, or switch it off when there are none."""

    turn_detection: TurnDetection | None
    audio_format: AudioFormat
    in_speech: bool
    """A turn is open: the detector begins in the state of hearing speech, and owes a `speech_stopped`."""


@dataclass(frozen=True, slots=True)
class FeedVAD:
    """Let the detector hear audio: whole samples, in order, without gaps; sent only while it is switched on."""

    audio: bytes
    start_ms: int
    """Where the chunk begins, in milliseconds of all audio the session was given; `at_ms` counts the same way."""


@dataclass(frozen=True, slots=True)
class PlayAudio:
    """Play a piece of a reply on the media track (transports with one only; others get it as an event)."""

    response_id: str
    item_id: str
    audio: bytes


@dataclass(frozen=True, slots=True)
class ClearPlayback:
    """Fall silent at once and report through `playback_cleared` (transports with a media track only)."""

    response_id: str


@dataclass(frozen=True, slots=True)
class Close:
    """Send the pending events, then close the connection; the session takes nothing more."""

    code: int
    reason: str


Effect = Generate | StopGenerating | Transcribe | ConfigureVAD | FeedVAD | PlayAudio | ClearPlayback | Close
