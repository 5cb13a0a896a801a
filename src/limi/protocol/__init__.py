"""OpenAI's realtime protocol as state machines: events go in, events and effects come out.

May know the standard library and msgspec; no socket, clock, task or web framework, and nothing else of Limi.
"""

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.client_secrets import (
    ClientSecretRequest,
    client_secret_response,
    parse_client_secret_request,
    parse_session_config,
)
from limi.protocol.effects import (
    ClearPlayback,
    Close,
    ConfigureVAD,
    Effect,
    FeedVAD,
    Generate,
    PlayAudio,
    StopGenerating,
    StopReason,
    Transcribe,
)
from limi.protocol.endings import IncompleteReason
from limi.protocol.errors import ProtocolError, error_body
from limi.protocol.generation import ContextItem, FunctionTool, GenerationRequest, ItemType, Role
from limi.protocol.ids import IdKind, NewId, ids_from_hex
from limi.protocol.limits import Limits
from limi.protocol.models import REALTIME_MODELS, RealtimeModel
from limi.protocol.refusals import (
    Refusal,
    refuse_beta,
    refuse_key,
    refuse_missing_model,
    refuse_unknown_model,
)
from limi.protocol.session import RealtimeSession, Transport
from limi.protocol.session_config import (
    Eagerness,
    Modality,
    SemanticVAD,
    ServerVAD,
    SessionConfig,
    SessionType,
    Transcription,
    TurnDetection,
    default_config,
)

__all__ = [
    "REALTIME_MODELS",
    "AudioFormat",
    "ClearPlayback",
    "ClientSecretRequest",
    "Close",
    "ConfigureVAD",
    "ContextItem",
    "Eagerness",
    "Effect",
    "FeedVAD",
    "FunctionTool",
    "Generate",
    "GenerationRequest",
    "IdKind",
    "IncompleteReason",
    "ItemType",
    "Limits",
    "Modality",
    "NewId",
    "PlayAudio",
    "ProtocolError",
    "RealtimeModel",
    "RealtimeSession",
    "Refusal",
    "Role",
    "SemanticVAD",
    "ServerVAD",
    "SessionConfig",
    "SessionType",
    "StopGenerating",
    "StopReason",
    "Transcribe",
    "Transcription",
    "Transport",
    "TurnDetection",
    "client_secret_response",
    "default_config",
    "error_body",
    "ids_from_hex",
    "parse_client_secret_request",
    "parse_session_config",
    "refuse_beta",
    "refuse_key",
    "refuse_missing_model",
    "refuse_unknown_model",
]
