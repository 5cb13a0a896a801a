"""What the settings are before anyone sets one, against the contract's numbers."""

from pathlib import Path

import msgspec
import pytest

from limi.adapters.configuration import load_settings
from limi.cli.speech import DEFAULT_SPEECH_DIR
from limi.kernel.secret import Secret
from limi.kernel.settings import (
    ENVIRONMENT_DEFAULTS,
    GROUPS,
    DatabaseSettings,
    Environment,
    Profile,
    Settings,
    UpstreamSettings,
)
from limi.sandbox.config import SandboxConfig
from limi.sandbox.speech.choice import SpeechLevel

NUMBERS = [
    # environment, tokens, connections, by kind, log level, user agent kept, default model
    ("development", 100, 50, False, "debug", True, "gpt-realtime-2.1-mini"),
    ("staging", 60, 30, True, "info", False, "gpt-realtime-2.1"),
    ("production", 30, 15, True, "warn", False, "gpt-realtime-2.1"),
]


@pytest.mark.parametrize(("env", "tokens", "connections", "by_kind", "level", "agent", "model"), NUMBERS)
def test_each_environment_has_the_contracts_numbers(
    env: str,
    tokens: int,
    connections: int,
    by_kind: bool,  # noqa: FBT001
    level: str,
    agent: bool,  # noqa: FBT001
    model: str,
) -> None:
    settings = load_settings({"LIMI_ENV": env})
    assert settings.env == env
    assert settings.limits.tokens_per_minute == tokens
    assert settings.limits.connections_per_minute == connections
    assert settings.limits.by_client_kind is by_kind
    assert settings.log.level == level
    assert settings.log.user_agent is agent
    assert settings.models.default == model
    assert settings.development is (env == "development")


@pytest.mark.parametrize("env", list(Environment))
def test_promises_that_no_environment_changes(env: Environment) -> None:
    settings = load_settings({"LIMI_ENV": env})
    limits, upstream = settings.limits, settings.upstream
    assert (limits.mobile_per_minute, limits.desktop_per_minute, limits.other_per_minute) == (10, 20, 5)
    assert limits.global_per_minute is None
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 3001)
    assert settings.server.max_body_bytes == 64 * 1024
    assert (upstream.timeout_seconds, upstream.max_in_flight) == (10.0, 1000)
    assert settings.database.url == "sqlite:///.limi/limi.db"
    assert settings.server.workers == 1


def test_an_environment_only_changes_settings_that_exist() -> None:
    for groups in ENVIRONMENT_DEFAULTS.values():
        for group, values in groups.items():
            assert set(values) <= set(GROUPS[group].__struct_fields__)


def test_the_default_profile_is_the_promised_voice_session() -> None:
    profile = Settings().profiles["default"]
    assert profile == Profile()
    assert (profile.voice, profile.output_modality, profile.ttl_seconds) == ("marin", "audio", 600)
    assert profile.turn_detection == {"type": "semantic_vad"}
    assert profile.noise_reduction == "near_field"
    assert not profile.requires_key


@pytest.mark.parametrize(
    ("upstream", "embeds"),
    [
        (UpstreamSettings(), True),
        (UpstreamSettings(api_key=Secret("")), True),
        (UpstreamSettings(api_key=Secret("sk-1")), False),
        (UpstreamSettings(url="sandbox", api_key=Secret("sk-1")), True),
        (UpstreamSettings(url="https://api.example/v1"), False),
    ],
)
def test_the_sandbox_is_used_without_a_key_or_when_asked_for(
    upstream: UpstreamSettings,
    embeds: bool,  # noqa: FBT001
) -> None:
    assert Settings(upstream=upstream).embeds_sandbox is embeds


def test_the_sandbox_inside_and_the_one_alone_have_the_same_levels_and_folder() -> None:
    assert {load_settings({"LIMI_SPEECH": level}).sandbox.speech for level in SpeechLevel} == set(SpeechLevel)
    assert Path(Settings().sandbox.speech_dir) == DEFAULT_SPEECH_DIR == SandboxConfig().speech_dir


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings().server.port = 80  # type: ignore[misc] # it is what must fail


def test_every_setting_says_what_it_is_for_in_a_sentence() -> None:
    for group in GROUPS.values():
        for field in msgspec.inspect.type_info(group).fields:  # type: ignore[attr-defined] # a struct's info
            description = _description(field.type)
            assert description, f"{group.__name__}.{field.name} has no description"
            assert description.endswith(".")


def _description(kind: msgspec.inspect.Type) -> str | None:
    if isinstance(kind, msgspec.inspect.Metadata):
        return (kind.extra_json_schema or {}).get("description")
    return None


def test_a_database_password_is_not_in_what_settings_look_like() -> None:
    settings = DatabaseSettings(url="postgresql://limi:hunter2@db/limi")
    assert "hunter2" not in repr(settings) + repr(Settings(database=settings))
