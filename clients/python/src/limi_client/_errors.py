"""What can go wrong, by the names that users of the `openai` package already catch.

    LimiError
    ├── APIError                            between this client and the backend
    │   ├── APIConnectionError              no answer: network_error
    │   │   └── APITimeoutError             not in time: token_generation_timeout
    │   ├── APIResponseValidationError      an answer that is not the backend's: openai_client_secret_failed,
    │   │                                   ephemeral_key_invalid
    │   └── APIStatusError                  a refusal, with the backend's own code
    │       ├── BadRequestError             400
    │       ├── AuthenticationError         401
    │       ├── PermissionDeniedError       403
    │       ├── NotFoundError               404
    │       ├── ConflictError               409
    │       ├── RateLimitError              429
    │       └── InternalServerError         500 and above
    └── VoiceError                          between this client and the realtime server
        ├── VoiceConnectionError            lost, and not to be had again: connection_lost
        │   └── EphemeralKeyError           the key was refused: token_expired, ephemeral_key_invalid
        ├── SessionEndedError               the server ended the call, with its reason: session_ended
        ├── MicrophoneError                 microphone_missing, microphone_denied
        └── UnsupportedPlatformError        an extra is not installed: unsupported_platform

Each says what to do next (`hint`) and where to read on (`reference`). None holds a key.
"""

from typing import Final

from limi_client._errors_generated import CATALOGUE, ErrorCode

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConflictError",
    "EphemeralKeyError",
    "ErrorCode",
    "InternalServerError",
    "LimiError",
    "MicrophoneError",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "SessionEndedError",
    "UnsupportedPlatformError",
    "VoiceConnectionError",
    "VoiceError",
    "status_error_class",
]


class LimiError(Exception):
    """Every error of this package.

    Attributes:
        code: The stable code, one of `ErrorCode` unless the backend is newer than this client.
        message: What happened.
        hint: What to do next.
        reference: A link to the page of this code, at the backend itself; empty where none is known yet.
        status_code: The HTTP status, if the backend answered.
        request_id: Finds the line in the backend's log.
        retry_after_seconds: How long to wait before a repeat can help, where that is known.
        final: Whether a repeat of the same cannot help.
    """

    def __init__(
        self,
        code: ErrorCode | str,
        *,
        message: str | None = None,
        hint: str | None = None,
        reference: str | None = None,
        origin: str = "",
        status_code: int | None = None,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
        final: bool = False,
    ) -> None:
        """Take what is not given from the catalogue; `origin` is what the link begins with."""
        entry = CATALOGUE.get(code) or CATALOGUE["unknown"]
        self.code: str = code
        self.message: str = message or entry.message
        self.hint: str = hint or entry.hint
        self.reference: str = reference or ""
        if not self.reference and origin:
            self.locate(origin)
        self.status_code: int | None = status_code
        self.request_id: str | None = request_id
        self.retry_after_seconds: float | None = retry_after_seconds
        self.final: bool = final
        super().__init__(self.message)

    def locate(self, origin: str) -> None:
        """Link to the page of this code at a backend; what is raised by a device knows of none."""
        self.reference = f"{origin}/errors/{self.code if self.code in CATALOGUE else 'unknown'}"

    def __str__(self) -> str:
        link = f": {self.reference}" if self.reference else ""
        return f"{self.message} ({self.code}). {self.hint}{link}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}(code={self.code!r}, message={self.message!r})"

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # Exceptions are pickled by their positional arguments, which would lose everything but the message;
        # workers of `concurrent.futures` and Celery hand errors over by pickle.
        return _restored, (type(self), dict(self.__dict__))


class APIError(LimiError):
    """Something between this client and the backend."""


class APIConnectionError(APIError):
    """The backend could not be reached."""


class APITimeoutError(APIConnectionError):
    """The backend did not answer in time."""


class APIResponseValidationError(APIError):
    """What answered is not Limi, or its answer is unusable."""


class APIStatusError(APIError):
    """The backend refused."""


class BadRequestError(APIStatusError):
    """400: the message names the member and its rule."""


class AuthenticationError(APIStatusError):
    """401: the API key is missing or wrong."""


class PermissionDeniedError(APIStatusError):
    """403: the API key is right but may not do this."""


class NotFoundError(APIStatusError):
    """404: the backend URL is another one."""


class ConflictError(APIStatusError):
    """409: this idempotency key was used for another request."""


class RateLimitError(APIStatusError):
    """429: too many requests; `retry_after_seconds` says when to come again."""


class InternalServerError(APIStatusError):
    """500 and above: the backend, or OpenAI behind it."""


class VoiceError(LimiError):
    """Something between this client and the realtime server, or on this machine."""


class VoiceConnectionError(VoiceError):
    """The conversation could not begin, or was lost and could not be taken up again."""


class EphemeralKeyError(VoiceConnectionError):
    """The realtime server refused the ephemeral key."""


class SessionEndedError(VoiceError):
    """The server ended the call on purpose; connecting again by itself would go against that.

    Attributes:
        reason: Why, in the server's word.
    """

    def __init__(self, reason: str, *, message: str | None = None, origin: str = "") -> None:
        """Say why."""
        super().__init__(
            "session_ended", message=message or f"The server ended the call: {reason}", origin=origin, final=True
        )
        self.reason: str = reason


class MicrophoneError(VoiceError):
    """There is no microphone, or it may not be used."""


class UnsupportedPlatformError(VoiceError):
    """Something that this needs is not installed."""


_BY_STATUS: Final[dict[int, type[APIStatusError]]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    429: RateLimitError,
}
_SERVER_ERROR: Final = 500


def status_error_class(status: int) -> type[APIStatusError]:
    """Return the class that is raised for a status."""
    return InternalServerError if status >= _SERVER_ERROR else _BY_STATUS.get(status, APIStatusError)


def _restored(kind: type[LimiError], facts: dict[str, object]) -> LimiError:
    error = kind.__new__(kind, facts["message"])
    error.__dict__.update(facts)
    return error
