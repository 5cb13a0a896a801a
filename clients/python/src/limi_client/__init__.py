"""Keys and voice conversations from a Limi backend.

    from limi_client import LimiAIClient

    client = LimiAIClient("http://localhost:3001/api")
    key = client.generate_ephemeral_key(model="gpt-realtime")

`AsyncLimiAIClient` is the same with `await`; `create_voice_session` of both needs the extra `voice`.
"""

from limi_client._async_client import AsyncLimiAIClient
from limi_client._async_service import AsyncLimiAIServiceIntegration
from limi_client._errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    EphemeralKeyError,
    ErrorCode,
    InternalServerError,
    LimiError,
    MicrophoneError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    SessionEndedError,
    UnsupportedPlatformError,
    VoiceConnectionError,
    VoiceError,
)
from limi_client._models import CallURLs, Capability, EphemeralKey, Health
from limi_client._ports import Ports
from limi_client._sync_client import LimiAIClient
from limi_client._sync_service import LimiAIServiceIntegration
from limi_client._version import VERSION
from limi_client.voice import Answer, BlockingVoiceSession, Tool, VoiceOptions, VoiceSession, tool

__version__ = VERSION

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "Answer",
    "AsyncLimiAIClient",
    "AsyncLimiAIServiceIntegration",
    "AuthenticationError",
    "BadRequestError",
    "BlockingVoiceSession",
    "CallURLs",
    "Capability",
    "ConflictError",
    "EphemeralKey",
    "EphemeralKeyError",
    "ErrorCode",
    "Health",
    "InternalServerError",
    "LimiAIClient",
    "LimiAIServiceIntegration",
    "LimiError",
    "MicrophoneError",
    "NotFoundError",
    "PermissionDeniedError",
    "Ports",
    "RateLimitError",
    "SessionEndedError",
    "Tool",
    "UnsupportedPlatformError",
    "VoiceConnectionError",
    "VoiceError",
    "VoiceOptions",
    "VoiceSession",
    "__version__",
    "tool",
]
