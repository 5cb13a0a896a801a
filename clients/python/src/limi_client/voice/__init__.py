"""Voice conversations; knows the backend's client only as the port that it is handed.

Nothing here needs the openai package before a conversation connects; `limi-ai-client[voice]` brings it.
"""

from limi_client.voice._answer import Answer
from limi_client.voice._blocking import BlockingVoiceSession
from limi_client.voice._events import (
    AnswerFinished,
    AudioReceived,
    EventsDropped,
    Interrupted,
    Notice,
    SpeechStarted,
    SpeechStopped,
    StateChanged,
    ToolCalled,
    ToolFinished,
    TranscriptChanged,
    TranscriptEntry,
    VoiceEvent,
    VoiceState,
    VoiceStatus,
)
from limi_client.voice._options import VoiceOptions
from limi_client.voice._ports import AudioSink, AudioSource, VoiceBackend
from limi_client.voice._recorder import Recorder
from limi_client.voice._session import VoiceSession
from limi_client.voice._tools import Tool, tool
from limi_client.voice._wav import pcm_from_wav, wav_from_pcm

__all__ = [
    "Answer",
    "AnswerFinished",
    "AudioReceived",
    "AudioSink",
    "AudioSource",
    "BlockingVoiceSession",
    "EventsDropped",
    "Interrupted",
    "Notice",
    "Recorder",
    "SpeechStarted",
    "SpeechStopped",
    "StateChanged",
    "Tool",
    "ToolCalled",
    "ToolFinished",
    "TranscriptChanged",
    "TranscriptEntry",
    "VoiceBackend",
    "VoiceEvent",
    "VoiceOptions",
    "VoiceSession",
    "VoiceState",
    "VoiceStatus",
    "pcm_from_wav",
    "tool",
    "wav_from_pcm",
]
