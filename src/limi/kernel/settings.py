"""Every setting, once: its type, bounds, default and reason, in frozen groups.

The loader (`limi.adapters.configuration`) fills these from a TOML file and the environment; the reference table in
the docs is generated from them. A setting's place in the file is its group and name (`[upstream]
timeout_seconds`); its environment variable is `LIMI_` plus both (`LIMI_UPSTREAM_TIMEOUT_SECONDS`), or what `env`
says below.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec

from limi.kernel.analytics_settings import AnalyticsSettings
from limi.kernel.oidc_settings import OIDCSettings
from limi.kernel.profile_settings import Leash, Override, Profile
from limi.kernel.secret import Secret
from limi.kernel.server_settings import ServerSettings
from limi.kernel.setting_fields import SettingsGroup as _Group
from limi.kernel.setting_fields import setting as _setting
from limi.kernel.telemetry_settings import TelemetrySettings
from limi.kernel.webhook_settings import WebhookSettings

__all__ = [
    "ENVIRONMENT_DEFAULTS",
    "GROUPS",
    "SANDBOX_URL",
    "AccessSettings",
    "AnalyticsSettings",
    "AuditSettings",
    "DatabaseSettings",
    "Environment",
    "IdempotencySettings",
    "JournalSettings",
    "Leash",
    "LimitSettings",
    "LogSettings",
    "ModelOverride",
    "ModelSettings",
    "OIDCSettings",
    "Override",
    "Profile",
    "RedisSettings",
    "SandboxSettings",
    "SecuritySettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "TelemetrySettings",
    "UpstreamSettings",
    "WebhookSettings",
]

SANDBOX_URL: Final = "sandbox"
"""The value of `upstream.url` that means the sandbox inside this process."""


class SettingsError(Exception):
    """A setting is missing, unknown or does not fit; the message names it and says what to do."""


# As for `PublicURL`: clients and logs are told it.
UpstreamURL = Annotated[str, msgspec.Meta(pattern=r"^(sandbox|https?://[^\s/?#@]+(/[^\s?#]*)?/v1)\Z")]
# Requests may name no other, so a profile of another name could never be used.
ProfileName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
Positive = Annotated[int, msgspec.Meta(ge=1)]
_MOST_PER_MINUTE: Final = 1_000_000_000
"""Redis is told the number, which MessagePack writes in 64 bits; this one is no limit to anybody."""
_Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
"""A century: dates end in the year 9999, and what cannot be reckoned would not be removed at all."""


class Environment(StrEnum):
    """Where Limi runs; it decides the defaults of limits and logs, and how strict the start is."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class UpstreamSettings(_Group, frozen=True):
    """OpenAI, or what stands in for it."""

    url: Annotated[
        UpstreamURL | None,
        _setting(
            "Base URL ending in /v1, without user name or password, or `sandbox` for the one inside. Unset: "
            "OpenAI with a key, else sandbox.",
            env="LIMI_UPSTREAM_URL",
        ),
    ] = None
    api_key: Annotated[
        Secret | None, _setting("The main key. It never leaves the server.", env="OPENAI_API_KEY")
    ] = None
    proxy: Annotated[
        Secret | None,
        _setting(
            "Proxy towards upstream, `http://[user:password@]host[:port]`, asked to tunnel (CONNECT). Unset: "
            "HTTPS_PROXY, unless NO_PROXY names upstream's host."
        ),
    ] = None
    timeout_seconds: Annotated[
        float, _setting("Longest wait for upstream's whole answer; 10 s is the promise.", gt=0, le=120)
    ] = 10.0
    max_in_flight: Annotated[
        int,
        _setting("Mints at upstream at once; past it callers get 503 rather than a growing queue.", ge=1),
    ] = 1000
    max_response_bytes: Annotated[
        int, _setting("Largest answer read from upstream; a real one is about 1.2 KB.", ge=4096)
    ] = 1_048_576
    health_cache_seconds: Annotated[
        float,
        _setting("How long a health answer is reused, so that probes cannot hammer upstream.", ge=0, le=300),
    ] = 5.0


class DatabaseSettings(_Group, frozen=True):
    """Where the journal lives."""

    url: Annotated[
        str,
        _setting("`sqlite:///path` or `postgresql://…`.", env="LIMI_DATABASE_URL", min_length=1),
    ] = "sqlite:///.limi/limi.db"

    def __repr__(self) -> str:
        """Leave out the URL, which may hold a password."""
        return "DatabaseSettings(url=…)"


class RedisSettings(_Group, frozen=True):
    """What several processes share: limits, repeats, and the news that something changed."""

    url: Annotated[
        Secret | None,
        _setting(
            "Redis 6 or Valkey: `redis://[user:password@]host[:port][/database]`, `rediss://` with TLS, or "
            "`unix:///path`. Unset: limits and repeats are this process's own.",
            env="LIMI_REDIS_URL",
        ),
    ] = None
    timeout_ms: Annotated[
        float,
        _setting(
            "Longest wait for an answer before each process counts by itself; a mint waits for it, and a near "
            "Redis answers in 1 ms.",
            ge=1,
            le=5000,
        ),
    ] = 100.0
    connect_seconds: Annotated[
        float,
        _setting("Longest wait for Redis when no request does: at the start and after a loss.", gt=0, le=60),
    ] = 1.0


class JournalSettings(_Group, frozen=True):
    """How facts become durable."""

    batch_size: Annotated[int, _setting("Most facts written in one transaction.", ge=1, le=10_000)] = 500
    linger_ms: Annotated[
        float,
        _setting("How long a commit waits for company. OpenAI takes longer, so nobody waits for it.", ge=0, le=50),
    ] = 2.0
    queue_size: Annotated[int, _setting("Most facts waiting to be written; past it mints are refused.", ge=1)] = (
        10_000
    )
    write_seconds: Annotated[
        float,
        _setting("Longest wait for a commit before mints are refused with audit_unavailable.", gt=0, le=60),
    ] = 2.0
    lease_seconds: Annotated[
        float,
        _setting(
            "After this silence a writer counts as dead and its open intents as unresolved.", ge=0.2, le=86_400
        ),
    ] = 15.0


class AuditSettings(_Group, frozen=True):
    """What the audit log keeps, where else, and how long. The environment sets `ip` unless it is given."""

    ip: Annotated[
        Literal["full", "hmac", "none"],
        _setting("How addresses are kept: as they are, as a keyed hash, or not at all."),
    ] = "full"
    file: Annotated[
        str | None,
        _setting(
            "File that follows the audit log as JSON lines; its folder must exist, and whoever rotates it renames "
            "it. Unset: the database only."
        ),
    ] = None
    retention_days: Annotated[
        _Days | None,
        _setting("Days after which rows are removed, up to a checkpoint; unset means they are kept for ever."),
    ] = None


class LimitSettings(_Group, frozen=True):
    """Requests a minute, over sliding windows. The environment sets the first two unless they are given."""

    tokens_per_minute: Annotated[
        int, _setting("Mints per caller.", env="LIMI_TOKENS_PER_MINUTE", ge=1, le=_MOST_PER_MINUTE)
    ] = 100
    connections_per_minute: Annotated[
        int,
        _setting("Socket handshakes and offers per caller that Limi itself answers.", ge=1, le=_MOST_PER_MINUTE),
    ] = 50
    by_client_kind: Annotated[
        bool, _setting("Whether anonymous callers are limited by the kind of client they use.")
    ] = False
    mobile_per_minute: Annotated[
        int, _setting("Mints per anonymous mobile caller.", ge=1, le=_MOST_PER_MINUTE)
    ] = 10
    desktop_per_minute: Annotated[
        int, _setting("Mints per anonymous desktop caller.", ge=1, le=_MOST_PER_MINUTE)
    ] = 20
    other_per_minute: Annotated[
        int, _setting("Mints per anonymous caller of any other kind.", ge=1, le=_MOST_PER_MINUTE)
    ] = 5
    global_per_minute: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=_MOST_PER_MINUTE)] | None,
        _setting("Mints of all callers together; unset means no such limit."),
    ] = None
    max_callers: Annotated[
        int, _setting("Callers remembered at once; beyond it the longest silent is forgotten.", ge=1)
    ] = 100_000


class IdempotencySettings(_Group, frozen=True):
    """Repeats of a mint with the same `Idempotency-Key`."""

    max_entries: Annotated[
        int, _setting("Answers kept at once; beyond it the one that expires first is dropped.", ge=1)
    ] = 10_000


class ModelOverride(_Group, frozen=True):
    """What is known of one upstream model; replaces the built-in entry of that name."""

    shutdown: date | None = None
    replacement: str | None = None


class ModelSettings(_Group, frozen=True):
    """Which models may be asked for, and what upstream calls them."""

    default: Annotated[str, _setting("The model where neither request nor profile names one.", min_length=1)] = (
        "gpt-realtime-2.1-mini"
    )
    aliases: Annotated[
        Mapping[str, str], _setting("Further public names, each with the upstream model it stands for.")
    ] = {}
    catalogue: Annotated[
        Mapping[str, ModelOverride],
        _setting("Upstream models added or corrected: shutdown day, replacement."),
    ] = {}
    warn_days: Annotated[
        int, _setting("How long before a model's end log, health and stats warn of it.", ge=0, le=3650)
    ] = 90


class SecuritySettings(_Group, frozen=True):
    """Keys of the server itself, and who may come without one."""

    allow_anonymous: Annotated[
        bool | None,
        _setting(
            "Whether callers without a key may mint. Unset: in development only, and not with a real key on a "
            "non-loopback address.",
            env="LIMI_ALLOW_ANONYMOUS",
        ),
    ] = None
    secret_key_file: Annotated[
        str | None,
        _setting(
            "File of 32 random bytes in hexadecimal, the root of every derived key. Made at first start in "
            "development; elsewhere not readable by all users, nor writable by any but its owner.",
            env="LIMI_SECRET_KEY_FILE",
        ),
    ] = None
    admin_key_file: Annotated[
        str | None,
        _setting(
            "File holding the operator's key, which is not the root. Made at first start in development; "
            "elsewhere with the root's permissions.",
            env="LIMI_ADMIN_KEY_FILE",
        ),
    ] = None


class AccessSettings(_Group, frozen=True):
    """How soon changes of keys, tenants and profiles are seen by every process."""

    revision_poll_ms: Annotated[
        int,
        _setting(
            "Between two looks at whether something changed; one small read each. A revoked key works at most so "
            "long at other servers.",
            ge=10,
            le=60_000,
        ),
    ] = 500
    stale_seconds: Annotated[
        float,
        _setting(
            "After so long without a look, keys in memory are refused (access_unavailable): ten looks were "
            "missed.",
            ge=0.1,
            le=3600,
        ),
    ] = 5.0
    cache_entries: Annotated[
        int, _setting("Keys, tenants and profiles each in memory at once; a key takes about 1 KiB.", ge=1)
    ] = 10_000


class SandboxSettings(_Group, frozen=True):
    """The sandbox that is inside where there is no key of OpenAI's; `limi sandbox` has options for the same."""

    speech: Annotated[
        Literal["auto", "small"],
        _setting(
            "How well the sandbox hears and speaks: `auto` as well as what is installed allows, `small` without "
            "understanding words, the same on every machine.",
            env="LIMI_SPEECH",
        ),
    ] = "auto"
    speech_dir: Annotated[
        str,
        _setting("Folder of the weights that `limi speech install` fetches.", env="LIMI_SPEECH_DIR", min_length=1),
    ] = ".limi/speech"


class LogSettings(_Group, frozen=True):
    """What is written about requests. The environment sets level and user agent unless they are given."""

    level: Annotated[
        Literal["debug", "info", "warn", "warning", "error"], _setting("Least severe level written.")
    ] = "debug"
    format: Annotated[
        Literal["auto", "json", "pretty"], _setting("`auto` is pretty on a terminal and JSON elsewhere.")
    ] = "auto"
    user_agent: Annotated[bool, _setting("Whether user agents are kept in log and journal.")] = True


class Settings(_Group, frozen=True):
    """All of them. Built once at start and never changed."""

    env: Annotated[Environment, _setting("development, staging or production.", env="LIMI_ENV")] = (
        Environment.DEVELOPMENT
    )
    server: ServerSettings = ServerSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    journal: JournalSettings = JournalSettings()
    audit: AuditSettings = AuditSettings()
    limits: LimitSettings = LimitSettings()
    idempotency: IdempotencySettings = IdempotencySettings()
    models: ModelSettings = ModelSettings()
    security: SecuritySettings = SecuritySettings()
    oidc: OIDCSettings = OIDCSettings()
    access: AccessSettings = AccessSettings()
    webhooks: WebhookSettings = WebhookSettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    sandbox: SandboxSettings = SandboxSettings()
    log: LogSettings = LogSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    profiles: Annotated[
        Mapping[ProfileName, Profile], _setting("Session configs by name: 1–64 of a–z 0–9 -.", env="LIMI_PROFILES")
    ] = msgspec.field(default_factory=lambda: {"default": Profile()})

    @property
    def development(self) -> bool:
        """Say whether this is a developer's machine."""
        return self.env is Environment.DEVELOPMENT

    @property
    def embeds_sandbox(self) -> bool:
        """Say whether keys come from the sandbox inside this process."""
        if self.upstream.url is None:
            return not self.upstream.api_key
        return self.upstream.url == SANDBOX_URL


GROUPS: Final[Mapping[str, type[_Group]]] = {
    "server": ServerSettings,
    "upstream": UpstreamSettings,
    "database": DatabaseSettings,
    "redis": RedisSettings,
    "journal": JournalSettings,
    "audit": AuditSettings,
    "limits": LimitSettings,
    "idempotency": IdempotencySettings,
    "models": ModelSettings,
    "security": SecuritySettings,
    "oidc": OIDCSettings,
    "access": AccessSettings,
    "webhooks": WebhookSettings,
    "analytics": AnalyticsSettings,
    "sandbox": SandboxSettings,
    "log": LogSettings,
    "telemetry": TelemetrySettings,
}

ENVIRONMENT_DEFAULTS: Final[Mapping[Environment, Mapping[str, Mapping[str, object]]]] = {
    Environment.DEVELOPMENT: {},
    Environment.STAGING: {
        "limits": {"tokens_per_minute": 60, "connections_per_minute": 30, "by_client_kind": True},
        "audit": {"ip": "hmac"},
        "log": {"level": "info", "user_agent": False},
        "models": {"default": "gpt-realtime-2.1"},
    },
    Environment.PRODUCTION: {
        "limits": {"tokens_per_minute": 30, "connections_per_minute": 15, "by_client_kind": True},
        "audit": {"ip": "hmac"},
        "log": {"level": "warn", "user_agent": False},
        "models": {"default": "gpt-realtime-2.1"},
    },
}
"""What differs between environments; the defaults above are development's."""
