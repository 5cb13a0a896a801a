"""Defaults depend on the model's family."""

import pytest

from limi.protocol import REALTIME_MODELS, ServerVAD, default_config


@pytest.mark.parametrize(
    ("model", "voice", "silence_ms"),
    [
        ("gpt-realtime", "alloy", 200),
        ("gpt-realtime-2025-08-28", "alloy", 200),
        ("gpt-realtime-mini", "alloy", 200),
        ("gpt-realtime-2", "marin", 500),
        ("gpt-realtime-2.1", "marin", 500),
        ("gpt-realtime-2.1-mini", "marin", 500),
    ],
)
def test_voice_and_silence_are_those_of_the_captures(model: str, voice: str, silence_ms: int) -> None:
    config = default_config(model=model)
    assert config.voice == voice
    assert config.turn_detection == ServerVAD(silence_duration_ms=silence_ms)
    assert config.model == model


def test_there_are_defaults_for_every_model() -> None:
    assert all(default_config(model=model).instructions for model in REALTIME_MODELS)
