"""Why a mint fails.

MintError
├── InvalidMintError            a member of the request breaks its rule
├── ProfileForbiddenError       this caller may not use that profile
├── IdempotencyConflictError    the same key came with another body
├── OverloadedError             too many mints are in flight
└── UpstreamError               upstream gave no key
    ├── UpstreamAuthError       it refused the main key
    ├── UpstreamRateLimitedError
    └── UpstreamTimeoutError
"""

__all__ = [
    "IdempotencyConflictError",
    "InvalidMintError",
    "MintError",
    "OverloadedError",
    "ProfileForbiddenError",
    "UpstreamAuthError",
    "UpstreamError",
    "UpstreamRateLimitedError",
    "UpstreamTimeoutError",
]


class MintError(Exception):
    """No key is handed out. `code` is the error catalogue's."""

    code = "token_generation_failed"


class InvalidMintError(MintError):
    """A member of the request breaks its rule."""

    code = "invalid_request"

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}" if field else rule)
        self.field = field
        self.rule = rule


class ProfileForbiddenError(MintError):
    """The profile exists, but not for this caller."""

    code = "forbidden"

    def __init__(self, profile: str) -> None:
        super().__init__(f"profile: `{profile}` needs an API key")
        self.profile = profile


class IdempotencyConflictError(MintError):
    """The same idempotency key came with another body."""

    code = "idempotency_conflict"


class OverloadedError(MintError):
    """More mints are in flight than the settings allow."""

    code = "overloaded"


class UpstreamError(MintError):
    """Upstream gave no key. `status` is its answer's, None where there was none."""

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class UpstreamAuthError(UpstreamError):
    """Upstream refused the main key."""

    code = "openai_auth_failed"


class UpstreamRateLimitedError(UpstreamError):
    """Upstream's own limit was met; `retry_after_ms` is what it said, if it said anything."""

    code = "openai_rate_limited"

    def __init__(self, reason: str, *, retry_after_ms: int | None) -> None:
        super().__init__(reason, status=429)
        self.retry_after_ms = retry_after_ms


class UpstreamTimeoutError(UpstreamError):
    """Upstream did not answer in time."""

    code = "openai_timeout"
