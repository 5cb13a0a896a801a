"""From an error to a response: one table from error classes to the catalogue's codes, one shape of body.

Domain errors know nothing of HTTP; what only HTTP can get wrong (a method, a content type, a host) is a `Refusal`.
"""

import math
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from limi.features.analytics.errors import AnalyticsError
from limi.features.api_keys.errors import ApiKeyError
from limi.features.client_secrets.errors import MintError, UpstreamRateLimitedError
from limi.features.profiles.errors import ProfileError
from limi.features.tenants.errors import TenantError
from limi.features.webhooks.errors import WebhookError
from limi.http.asgi import Header, RawResponse
from limi.kernel.errors import CATALOGUE
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import Principal
from limi.kernel.revision import AccessUnavailableError

__all__ = ["ErrorBody", "Refusal", "as_refusal", "render_error"]

_JSON: Final[Header] = (b"content-type", b"application/json")
_UNDERSCORE: Final = re.compile(r"(?<=[a-z])_([a-z])")
_NO_STORE: Final[Header] = (b"cache-control", b"no-store")
_SPEAKS_FOR_ITSELF: Final = frozenset({"invalid_request", "forbidden"})
"""Codes whose errors carry a message made for the caller; all others say what the catalogue says."""


class Refusal(Exception):  # noqa: N818 - it is an answer, and nothing went wrong
    """A request that is answered with an error of the catalogue."""

    def __init__(
        self,
        code: str,
        *,
        message: str | None = None,
        retry_after_ms: int | None = None,
        headers: tuple[Header, ...] = (),
        by: Principal | None = None,
    ) -> None:
        """Keep what is answered.

        Args:
            code: the catalogue's.
            message: what went wrong; the catalogue's unless given.
            retry_after_ms: when to come again; the catalogue's unless given.
            headers: sent with the answer.
            by: whose request it is, for the audit log; whoever is at the address unless given.
        """
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms
        self.headers = headers
        self.by = by


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The body of every error outside the OpenAI-shaped paths."""

    error: str
    message: str
    code: str
    request_id: str
    reference: str
    action: str | None = None
    retry_after: int | None = None
    """Milliseconds; a `Retry-After` header in seconds goes with it."""


def as_refusal(error: Exception) -> Refusal:
    """Find the catalogue's word for an error; an error nobody foresaw is `internal_error`."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, JournalUnavailableError):
        return Refusal("audit_unavailable")
    if isinstance(error, AccessUnavailableError):
        return Refusal("access_unavailable")
    if isinstance(error, ApiKeyError | TenantError | ProfileError | WebhookError):
        return Refusal(error.code, message=_as_sent(str(error)))
    if isinstance(error, MintError | AnalyticsError):
        wait = error.retry_after_ms if isinstance(error, UpstreamRateLimitedError) else None
        message = str(error) if error.code in _SPEAKS_FOR_ITSELF else None
        return Refusal(error.code, message=message, retry_after_ms=wait)
    return Refusal("internal_error")


def _as_sent(message: str) -> str:
    """Spell the member that a message begins with as JSON has it; what lies within it is upstream's to spell."""
    path, colon, rule = message.partition(": ")
    member, dot, rest = path.partition(".")
    return f"{_UNDERSCORE.sub(lambda found: found[1].upper(), member)}{dot}{rest}{colon}{rule}"


def render_error(
    refusal: Refusal, *, request_id: str, base_url: str = "", openai_shape: bool = False
) -> RawResponse:
    """Build the response of an error.

    Args:
        refusal: what is answered.
        request_id: goes into the body, so that a user's screenshot finds the log line.
        base_url: what the link to the code's page begins with.
        openai_shape: whether the body is OpenAI's, for paths that official SDKs call.
    """
    entry = CATALOGUE[refusal.code]
    wait = entry.retry_after_ms if refusal.retry_after_ms is None else refusal.retry_after_ms
    message = refusal.message or entry.message
    headers = [_JSON, _NO_STORE, *refusal.headers]
    if wait is not None:
        headers.append((b"retry-after", str(math.ceil(wait / 1000)).encode()))
    body: ErrorBody | Mapping[str, object]
    if openai_shape:
        kind = "server_error" if (entry.status or 0) >= 500 else "invalid_request_error"  # noqa: PLR2004
        body = {"error": {"message": message, "type": kind, "code": entry.code, "param": None}}
    else:
        body = ErrorBody(
            error=entry.title,
            message=message,
            code=entry.code,
            request_id=request_id,
            reference=f"{base_url}/errors/{entry.code}",
            action=entry.action,
            retry_after=wait,
        )
    return RawResponse(entry.status or 500, msgspec.json.encode(body), headers)
