"""Why a mint fails.

MintError
├── InvalidMintError            a member of the request breaks its rule
├── ForbiddenError              this caller may not ask for that
├── IdempotencyConflictError    the same key came with another body
├── OverloadedError             too many mints are in flight
└── UpstreamError               upstream gave no key
    ├── UpstreamAuthError       it refused the main key
    ├── UpstreamRateLimitedError
    └── UpstreamTimeoutError
"""

__all__ = [
    "ForbiddenError",
    "IdempotencyConflictError",
    "InvalidMintError",
    "MintError",
    "OverloadedError",
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


class ForbiddenError(MintError):
    """A member asks for what this caller may not have."""

    code = "forbidden"

    def __init__(self, *, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


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
