"""What happened, frozen: the rows of the journal, from which audit, statistics and webhooks are read.

A fact says who (`origin`), when (`at`), about which session, and how it ended. A fact that ends another one names
it in `resolves`: request ids cannot link them, because clients choose those.
"""

from enum import StrEnum
from typing import ClassVar, Final

import msgspec

from limi.kernel.frontends import Frontend

__all__ = [
    "MAX_DETAIL",
    "AuthRefused",
    "EventName",
    "Fact",
    "KeyCreated",
    "KeyMinted",
    "KeyReplayed",
    "KeyRevoked",
    "KeyRotated",
    "LimitReached",
    "MintFailed",
    "MintRequested",
    "MintUnresolved",
    "Origin",
    "Outcome",
    "ProfileCreated",
    "ProfileDeleted",
    "TenantCreated",
    "TenantDeleted",
    "TenantResumed",
    "TenantSuspended",
    "TenantUpdated",
    "TokenAnnounced",
    "WebhookCreated",
    "WebhookDeleted",
    "WebhookDisabled",
    "WebhookReplayed",
    "WebhookRotated",
    "WebhookTested",
    "WebhookUpdated",
]

MAX_DETAIL: Final = 500
"""Characters a fact's `detail` may have: a sentence or a short list, never a document."""


class EventName(StrEnum):
    """Every fact's public name, `subject.past_tense`."""

    TOKEN_REQUESTED = "token.requested"  # noqa: S105 - an event's name
    TOKEN_GENERATED = "token.generated"  # noqa: S105
    TOKEN_FAILED = "token.failed"  # noqa: S105
    TOKEN_REPLAYED = "token.replayed"  # noqa: S105
    TOKEN_UNRESOLVED = "token.unresolved"  # noqa: S105
    TOKEN_ANNOUNCED = "token.announced"  # noqa: S105
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_REVOKED = "key.revoked"
    TENANT_CREATED = "tenant.created"
    TENANT_UPDATED = "tenant.updated"
    TENANT_SUSPENDED = "tenant.suspended"
    TENANT_RESUMED = "tenant.resumed"
    TENANT_DELETED = "tenant.deleted"
    PROFILE_CREATED = "profile.created"
    PROFILE_DELETED = "profile.deleted"
    AUTH_REFUSED = "auth.refused"
    LIMIT_REACHED = "limit.reached"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_UPDATED = "webhook.updated"
    WEBHOOK_ROTATED = "webhook.rotated"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_TESTED = "webhook.tested"
    WEBHOOK_REPLAYED = "webhook.replayed"


class Outcome(StrEnum):
    """How the thing a fact speaks of stands after it."""

    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request came from; built once per request and shared by its facts."""

    request_id: str
    caller: str
    tenant: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    """None where the environment does not allow keeping it."""
    frontend: Frontend | None = None
    """The kind of application; None where nobody asked which."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """What every fact has. `id` is 32 hexadecimal characters that sort by time; `at` is Unix seconds."""

    event: ClassVar[EventName]
    outcome: ClassVar[Outcome]

    id: str
    at: float
    origin: Origin
    session_id: str | None = None
    model: str | None = None
    resolves: str | None = None
    """The id of the intent that this fact ends."""
    duration_ms: int | None = None
    expires_at: int | None = None
    """Unix seconds at which the key that was handed out stops opening calls."""
    code: str | None = None
    """The error catalogue's code, where something failed."""
    subject: str | None = None
    """What was changed: `key:<id>`, `tenant:<id>`, `profile:<name>@<version>`, `webhook:<id>`."""
    detail: str | None = None
    """What else is worth knowing, in at most `MAX_DETAIL` characters; never a secret."""


class MintRequested(Fact, frozen=True):
    """The intent: a key is about to be asked for. It is durable before any key leaves the server."""

    event = EventName.TOKEN_REQUESTED
    outcome = Outcome.REQUESTED


class KeyMinted(Fact, frozen=True):
    """Upstream gave a key and the caller was given it."""

    event = EventName.TOKEN_GENERATED
    outcome = Outcome.SUCCEEDED


class MintFailed(Fact, frozen=True):
    """No key was handed out; `code` says why."""

    event = EventName.TOKEN_FAILED
    outcome = Outcome.FAILED


class KeyReplayed(Fact, frozen=True):
    """A key handed out before was handed out again to a repeat with the same idempotency key."""

    event = EventName.TOKEN_REPLAYED
    outcome = Outcome.SUCCEEDED


class MintUnresolved(Fact, frozen=True):
    """An intent whose writer died before recording the end: a key may or may not have been handed out."""

    event = EventName.TOKEN_UNRESOLVED
    outcome = Outcome.UNKNOWN


class TokenAnnounced(Fact, frozen=True):
    """A trusted integration told of a key that was made elsewhere; Limi neither asked for it nor saw it."""

    event = EventName.TOKEN_ANNOUNCED
    outcome = Outcome.SUCCEEDED


class KeyCreated(Fact, frozen=True):
    """A key of Limi's own API was made; `KeyMinted` is about the short-lived keys of upstream."""

    event = EventName.KEY_CREATED
    outcome = Outcome.SUCCEEDED


class KeyRotated(Fact, frozen=True):
    """A key of Limi's own API got a successor."""

    event = EventName.KEY_ROTATED
    outcome = Outcome.SUCCEEDED


class KeyRevoked(Fact, frozen=True):
    """A key of Limi's own API was ended."""

    event = EventName.KEY_REVOKED
    outcome = Outcome.SUCCEEDED


class TenantCreated(Fact, frozen=True):
    """A tenant was made."""

    event = EventName.TENANT_CREATED
    outcome = Outcome.SUCCEEDED


class TenantUpdated(Fact, frozen=True):
    """A tenant's name, limits or permissions were changed."""

    event = EventName.TENANT_UPDATED
    outcome = Outcome.SUCCEEDED


class TenantSuspended(Fact, frozen=True):
    """A tenant was suspended: its callers are refused."""

    event = EventName.TENANT_SUSPENDED
    outcome = Outcome.SUCCEEDED


class TenantResumed(Fact, frozen=True):
    """A suspended tenant's callers are admitted again."""

    event = EventName.TENANT_RESUMED
    outcome = Outcome.SUCCEEDED


class TenantDeleted(Fact, frozen=True):
    """A tenant was removed."""

    event = EventName.TENANT_DELETED
    outcome = Outcome.SUCCEEDED


class ProfileCreated(Fact, frozen=True):
    """A profile, or a new version of one, was made."""

    event = EventName.PROFILE_CREATED
    outcome = Outcome.SUCCEEDED


class ProfileDeleted(Fact, frozen=True):
    """A profile was removed."""

    event = EventName.PROFILE_DELETED
    outcome = Outcome.SUCCEEDED


class AuthRefused(Fact, frozen=True):
    """Callers were refused for their credential or its lack; `detail` says how many times."""

    event = EventName.AUTH_REFUSED
    outcome = Outcome.FAILED


class LimitReached(Fact, frozen=True):
    """Callers were refused for their number of requests; `detail` says how many times."""

    event = EventName.LIMIT_REACHED
    outcome = Outcome.FAILED


class WebhookCreated(Fact, frozen=True):
    """An endpoint was registered."""

    event = EventName.WEBHOOK_CREATED
    outcome = Outcome.SUCCEEDED


class WebhookUpdated(Fact, frozen=True):
    """An endpoint's address, events or description were changed, or it was enabled again."""

    event = EventName.WEBHOOK_UPDATED
    outcome = Outcome.SUCCEEDED


class WebhookRotated(Fact, frozen=True):
    """An endpoint got a new secret."""

    event = EventName.WEBHOOK_ROTATED
    outcome = Outcome.SUCCEEDED


class WebhookDisabled(Fact, frozen=True):
    """An endpoint is sent nothing more; `detail` says who or what ended it."""

    event = EventName.WEBHOOK_DISABLED
    outcome = Outcome.SUCCEEDED


class WebhookDeleted(Fact, frozen=True):
    """An endpoint was removed."""

    event = EventName.WEBHOOK_DELETED
    outcome = Outcome.SUCCEEDED


class WebhookTested(Fact, frozen=True):
    """An operator asked for a test event to one endpoint."""

    event = EventName.WEBHOOK_TESTED
    outcome = Outcome.SUCCEEDED


class WebhookReplayed(Fact, frozen=True):
    """Somebody had deliveries sent to an endpoint again; `detail` says which."""

    event = EventName.WEBHOOK_REPLAYED
    outcome = Outcome.SUCCEEDED
