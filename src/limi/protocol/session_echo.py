"""A configuration as the client sees it, in `session.created`, `session.updated` and the answer to a mint.

The members are exactly those that satisfied every official SDK: some strict clients refuse further ones.
"""

from typing import Any

from msgspec import to_builtins

from limi.protocol.session_config import SemanticVAD, ServerVAD, SessionConfig, SessionType, TurnDetection
from limi.protocol.vocabulary import tool_to_wire

__all__ = ["session_to_wire"]


def session_to_wire(config: SessionConfig, *, session_id: str, expires_at: int) -> dict[str, Any]:
    """Return the session object.

    Args:
        config: The effective configuration.
        session_id: `sess_…`.
        expires_at: When the session ends, in Unix seconds; 0 while it has not begun.
    """
    if config.type is SessionType.TRANSCRIPTION:
        return _transcription_session(config, session_id, expires_at)
    session: dict[str, Any] = {
        "type": "realtime",
        "object": "realtime.session",
        "id": session_id,
        "model": config.model,
        "output_modalities": [config.modality.value],
        "instructions": config.instructions,
        "tools": [tool_to_wire(tool) for tool in config.tools],
        "tool_choice": to_builtins(config.tool_choice),
        "max_output_tokens": "inf" if config.max_output_tokens is None else config.max_output_tokens,
        "tracing": to_builtins(config.tracing),
        "truncation": to_builtins(config.truncation),
        "prompt": to_builtins(config.prompt),
        "expires_at": expires_at,
        "audio": {
            "input": _audio_input(config, turn_detection=_turn_detection(config.turn_detection)),
            "output": {
                "format": config.output_format.to_wire(),
                "voice": config.voice,
                "speed": config.speed,
            },
        },
        "include": to_builtins(config.include),
    }
    if config.reasoning is not None:
        session["reasoning"] = to_builtins(config.reasoning)
    return session


def _transcription_session(config: SessionConfig, session_id: str, expires_at: int) -> dict[str, Any]:
    # The response type of such a session knows no members about responses in its turn detection.
    turn_detection = _turn_detection(config.turn_detection)
    if turn_detection is not None:
        for name in ("create_response", "interrupt_response", "idle_timeout_ms"):
            turn_detection.pop(name, None)
    return {
        "type": "transcription",
        "object": "realtime.transcription_session",
        "id": session_id,
        "expires_at": expires_at,
        "audio": {"input": _audio_input(config, turn_detection=turn_detection)},
        "include": to_builtins(config.include),
    }


def _audio_input(config: SessionConfig, *, turn_detection: dict[str, Any] | None) -> dict[str, Any]:
    transcription = config.transcription
    return {
        "format": config.input_format.to_wire(),
        "transcription": None
        if transcription is None
        else {
            "model": transcription.model,
            "language": transcription.language,
            "prompt": transcription.prompt,
        },
        "noise_reduction": to_builtins(config.noise_reduction),
        "turn_detection": turn_detection,
    }


def _turn_detection(detection: TurnDetection | None) -> dict[str, Any] | None:
    match detection:
        case ServerVAD():
            return {
                "type": "server_vad",
                "threshold": detection.threshold,
                "prefix_padding_ms": detection.prefix_padding_ms,
                "silence_duration_ms": detection.silence_duration_ms,
                "idle_timeout_ms": detection.idle_timeout_ms,
                "create_response": detection.create_response,
                "interrupt_response": detection.interrupt_response,
            }
        case SemanticVAD():
            return {
                "type": "semantic_vad",
                "eagerness": detection.eagerness.value,
                "create_response": detection.create_response,
                "interrupt_response": detection.interrupt_response,
            }
        case None:
            return None
