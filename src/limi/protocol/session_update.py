"""Applying a client's session object to a configuration.

What the client leaves out stays as it is; null switches a feature off. Containers (`audio`, `audio.input`,
`audio.output`, and a turn detection of the same type) are merged member by member, every other object is replaced
as a whole. Nothing is applied when any rule is broken.
"""

from dataclasses import replace
from typing import Any, cast

from msgspec import UNSET, UnsetType, structs

from limi.protocol.errors import InvalidValueError, RefusedError
from limi.protocol.session_config import (
    Eagerness,
    Modality,
    SemanticVAD,
    ServerVAD,
    SessionConfig,
    SessionType,
    Transcription,
    TurnDetection,
    default_config,
)
from limi.protocol.session_request import (
    AudioInputRequest,
    AudioOutputRequest,
    RealtimeSessionRequest,
    SemanticVADRequest,
    SessionRequest,
    TranscriptionRequest,
    TranscriptionSessionRequest,
    TurnDetectionRequest,
)
from limi.protocol.vocabulary import format_from, modality_from, voice_from
from limi.protocol.wire import Strict

__all__ = ["config_from_request", "updated_config"]

# These members mean the same in the request and in the configuration.
_PLAIN = ("instructions", "tool_choice", "parallel_tool_calls", "reasoning", "truncation", "tracing", "prompt")


def config_from_request(request: SessionRequest, *, default_model: str) -> SessionConfig:
    """Return the configuration of a new session: the model's defaults and what the client set.

    Raises:
        ProtocolError: A member breaks a rule.
    """
    if isinstance(request, TranscriptionSessionRequest):
        defaults = default_config(model=default_model, session_type=SessionType.TRANSCRIPTION)
        return replace(defaults, **_transcription_changes(request, defaults))
    model = default_model if request.model is UNSET else request.model
    defaults = default_config(model=model)
    return replace(defaults, **_realtime_changes(request, defaults))


def updated_config(
    config: SessionConfig, request: SessionRequest, *, has_spoken: bool, is_responding: bool
) -> SessionConfig:
    """Return the configuration after a `session.update`.

    Args:
        config: The configuration so far, which is left alone.
        request: What the client sent.
        has_spoken: Whether the conversation holds audio of the assistant, after which the voice is fixed.
        is_responding: Whether a response is in the making, during which the speed is fixed.

    Raises:
        ProtocolError: A member breaks a rule, or can no longer be changed.
    """
    if isinstance(request, TranscriptionSessionRequest):
        if config.type is not SessionType.TRANSCRIPTION:
            raise _other_type("transcription", "realtime")
        return replace(config, **_transcription_changes(request, config))
    if config.type is not SessionType.REALTIME:
        raise _other_type("realtime", "transcription")
    if request.model is not UNSET and request.model != config.model:
        message = f"The model of a running session cannot be changed; it is '{config.model}'."
        raise InvalidValueError("session.model", message)
    if request.tracing is not UNSET and config.tracing is not None and request.tracing != config.tracing:
        raise InvalidValueError("session.tracing", "Tracing cannot be changed once it is enabled.")
    updated = replace(config, **_realtime_changes(request, config))
    if has_spoken and updated.voice != config.voice:
        raise RefusedError(
            code="cannot_update_voice",
            message="Cannot update a conversation's voice if assistant audio is present.",
            param="session.audio.output.voice",
        )
    if is_responding and updated.speed != config.speed:
        message = "Cannot update the speed while a response is in progress."
        raise InvalidValueError("session.audio.output.speed", message)
    return updated


def _other_type(sent: str, is_type: str) -> InvalidValueError:
    return InvalidValueError(
        "session.type", f"Passing a {sent} session update event to a {is_type} session is not allowed."
    )


def _realtime_changes(request: RealtimeSessionRequest, config: SessionConfig) -> dict[str, Any]:
    changes = {name: value for name in _PLAIN if (value := getattr(request, name)) is not UNSET}
    if request.output_modalities is not UNSET:
        changes["modality"] = Modality(modality_from(request.output_modalities, at="session.output_modalities"))
    if request.tools is not UNSET:
        changes["tools"] = tuple(request.tools)
    if request.max_output_tokens is not UNSET:
        changes["max_output_tokens"] = None if request.max_output_tokens == "inf" else request.max_output_tokens
    changes |= _include_change(request)
    changes |= _input_changes(request.audio.input, config)
    changes |= _output_changes(request.audio.output)
    return changes


def _transcription_changes(request: TranscriptionSessionRequest, config: SessionConfig) -> dict[str, Any]:
    return _include_change(request) | _input_changes(request.audio.input, config)


def _include_change(request: SessionRequest) -> dict[str, Any]:
    if request.include is UNSET:
        return {}
    return {"include": None if request.include is None else tuple(request.include)}


def _input_changes(request: AudioInputRequest, config: SessionConfig) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if request.format is not UNSET:
        changes["input_format"] = format_from(request.format)
    if request.transcription is not UNSET:
        changes["transcription"] = _transcription(request.transcription)
    if request.noise_reduction is not UNSET:
        changes["noise_reduction"] = request.noise_reduction
    if request.turn_detection is not UNSET:
        changes["turn_detection"] = _turn_detection(request.turn_detection, config)
    return changes


def _output_changes(request: AudioOutputRequest) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if request.format is not UNSET:
        changes["output_format"] = format_from(request.format)
    if request.voice is not UNSET:
        changes["voice"] = voice_from(request.voice, at="session.audio.output.voice")
    if request.speed is not UNSET:
        changes["speed"] = request.speed
    return changes


def _transcription(request: TranscriptionRequest | None) -> Transcription | None:
    if request is None:
        return None
    return Transcription(
        model=_set_or_none(request.model),
        language=_set_or_none(request.language),
        prompt=_set_or_none(request.prompt),
    )


def _set_or_none(value: str | UnsetType | None) -> str | None:
    return None if value is UNSET else value


def _turn_detection(request: TurnDetectionRequest | None, config: SessionConfig) -> TurnDetection | None:
    if request is None:
        return None
    current = config.turn_detection
    given = _given(request)
    if isinstance(request, SemanticVADRequest):
        if "eagerness" in given:
            given["eagerness"] = Eagerness(given["eagerness"])
        return replace(current if isinstance(current, SemanticVAD) else SemanticVAD(), **given)
    if isinstance(current, ServerVAD):
        return replace(current, **given)
    model_default = cast("ServerVAD", default_config(model=config.model).turn_detection)
    return replace(model_default, **given)


def _given(request: Strict) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(request).items() if value is not UNSET}
