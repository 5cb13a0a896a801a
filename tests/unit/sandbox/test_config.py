import math
from typing import Any

import pytest

from limi.sandbox.config import SandboxConfig


def test_the_defaults_are_valid_and_frozen() -> None:
    config = SandboxConfig()
    assert config.default_model in config.models
    with pytest.raises(AttributeError):
        config.max_sessions = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"default_model": "gpt-none"}, "default_model"),
        ({"audio_pace": 0.0}, "audio_pace"),
        ({"max_sessions": 0}, "max_sessions"),
        ({"max_calls": 0}, "max_calls"),
        ({"semantic_pause_ms": 0}, "semantic_pause_ms"),
        ({"connect_seconds": 0}, "connect_seconds"),
        ({"public_ip": "example.com"}, "public_ip"),
        ({"session_seconds": -1.0}, "session_seconds"),
        ({"max_body_bytes": 0}, "max_body_bytes"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        SandboxConfig(**change)


def test_speech_may_be_sent_without_any_pace() -> None:
    assert SandboxConfig(audio_pace=math.inf).audio_pace == math.inf
