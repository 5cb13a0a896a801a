"""What a profile says: the session config of a key, and what a client may decide otherwise."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec

from limi.kernel.setting_fields import SettingsGroup, setting

__all__ = ["Leash", "Override", "Profile"]

Positive = Annotated[int, msgspec.Meta(ge=1)]
CallSeconds = Annotated[int, msgspec.Meta(ge=10, le=3600)]


class Override(StrEnum):
    """What a client may decide otherwise than its profile."""

    MODEL = "model"
    CAPABILITIES = "capabilities"


class Leash(SettingsGroup, frozen=True):
    """The limits of one running call. They are kept here; only supervised calls can be held to them."""

    max_seconds: Annotated[CallSeconds | None, setting("Longest call; upstream ends every one after an hour.")] = (
        None
    )
    max_cost_micro_dollars: Annotated[
        Positive | None, setting("Most that a call may cost, in millionths of a US dollar.")
    ] = None


class Profile(SettingsGroup, frozen=True):
    """A named session config; clients choose one by name."""

    model: Annotated[str | None, setting("The profile's model; unset means `models.default`.")] = None
    instructions: Annotated[
        str, setting("What the model is told; `{{name}}` is replaced by a declared variable.")
    ] = "You are a helpful voice assistant. Answer briefly, in the language you are spoken to."
    voice: Annotated[str, setting("The voice that answers.", min_length=1)] = "marin"
    output_modality: Annotated[
        Literal["audio", "text"], setting("How it answers; upstream accepts exactly one.")
    ] = "audio"
    turn_detection: Annotated[
        Mapping[str, Any] | None, setting("When the caller's turn ends, as upstream spells it.")
    ] = msgspec.field(default_factory=lambda: {"type": "semantic_vad"})
    transcription: Annotated[
        Mapping[str, Any] | None, setting("How the caller's speech is written down, as upstream spells it.")
    ] = msgspec.field(default_factory=lambda: {"model": "gpt-4o-mini-transcribe"})
    noise_reduction: Annotated[
        Literal["near_field", "far_field"] | None, setting("Filter on the caller's microphone.")
    ] = "near_field"
    variables: Annotated[
        Mapping[str, str], setting("Names a request may fill into the instructions, with their defaults.")
    ] = {}
    ttl_seconds: Annotated[
        int, setting("How long a key can open calls; upstream's own bounds.", ge=10, le=7200)
    ] = 600
    requires_key: Annotated[bool, setting("Whether anonymous callers are refused this profile.")] = False
    tools: Annotated[
        tuple[Mapping[str, Any], ...], setting("Functions the model may call, as upstream spells them.")
    ] = ()
    overrides: Annotated[
        tuple[Override, ...], setting("What a client may decide otherwise: `model`, `capabilities`.")
    ] = (Override.MODEL, Override.CAPABILITIES)
    leash: Annotated[
        Leash | None, setting("Limits of a supervised call; in direct mode nobody enforces them.")
    ] = None
