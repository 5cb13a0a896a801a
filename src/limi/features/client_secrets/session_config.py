"""From a profile and a client's wishes to the body that upstream is sent.

The session config is the server's: a client picks a profile by name, and `capabilities` are translated rather than
passed on, because upstream refuses members it does not know.
"""

import re
from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from limi.features.client_secrets.errors import InvalidMintError
from limi.features.client_secrets.model import Capability, MintRequest
from limi.kernel.settings import Profile, SettingsError
from limi.protocol.client_secrets import parse_client_secret_request
from limi.protocol.errors import ProtocolError

__all__ = ["SessionBodies"]

_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_-]+)\s*\}\}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_ANY_VOICE: Final = "marin"
_ANY_MODEL: Final = "gpt-realtime-2.1"


class SessionBodies:
    """Builds upstream bodies; those without variables are built once, since a mint would repeat them.

    Raises:
        SettingsError: a profile describes a session that upstream would refuse.
    """

    def __init__(self, profiles: Mapping[str, Profile]) -> None:
        for name, profile in profiles.items():
            _check(name, profile)
        self._profiles = profiles
        self._built: dict[tuple[str, str, str, bool], bytes] = {}

    def profile(self, name: str) -> Profile:
        """Return a profile.

        Raises:
            InvalidMintError: there is none of that name.
        """
        profile = self._profiles.get(name)
        if profile is None:
            raise InvalidMintError(field="profile", rule="must be the name of a profile of this server")
        return profile

    def build(self, request: MintRequest, profile: Profile, model: str) -> bytes:
        """Return the JSON body of `POST /v1/realtime/client_secrets` for this request.

        Raises:
            InvalidMintError: a variable is unknown to the profile or holds a control character.
        """
        wishes = request.capabilities
        modality = _modality(wishes, profile)
        hears = not wishes or Capability.AUDIO_INPUT in wishes
        if request.variables or profile.variables:
            instructions = _fill(profile, request.variables)
            return _encode(profile, model, modality, instructions=instructions, hears=hears)
        key = (request.profile, model, modality, hears)
        body = self._built.get(key)
        if body is None:
            body = _encode(profile, model, modality, instructions=profile.instructions, hears=hears)
            self._built[key] = body
        return body


def _check(name: str, profile: Profile) -> None:
    """Refuse at the start what every mint of this profile would be refused for."""
    # The voice is left out: upstream may know custom ones that nobody here does. So may it know other models.
    known = msgspec.structs.replace(profile, voice=_ANY_VOICE)
    try:
        body = _encode(known, _ANY_MODEL, known.output_modality, instructions=known.instructions, hears=True)
        parse_client_secret_request(body, default_model=_ANY_MODEL)
    except ProtocolError as exc:
        member = (exc.param or "").removeprefix("session.").removeprefix("audio.input.")
        place = ".".join(("profiles", name, *([member] if member else [])))
        msg = f"{place}: {exc.message}"
        raise SettingsError(msg) from exc
    except OverflowError as exc:
        msg = f"profiles.{name}: a number is too large."
        raise SettingsError(msg) from exc


def _modality(wishes: Collection[Capability], profile: Profile) -> str:
    if Capability.AUDIO_OUTPUT in wishes:
        return "audio"
    if Capability.TEXT_OUTPUT in wishes:
        return "text"
    return profile.output_modality


def _fill(profile: Profile, given: Mapping[str, str]) -> str:
    for name, value in given.items():
        if name not in profile.variables:
            raise InvalidMintError(field="variables", rule="may only name what the profile declares")
        # A line break would let a caller begin a paragraph that reads like one of the operator's.
        if _CONTROL.search(value):
            raise InvalidMintError(field=f"variables.{name}", rule="must not hold control characters")
    values = {**profile.variables, **given}
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), profile.instructions)


def _encode(profile: Profile, model: str, modality: str, *, instructions: str, hears: bool) -> bytes:
    noise = profile.noise_reduction
    return msgspec.json.encode(
        {
            "expires_after": {"anchor": "created_at", "seconds": profile.ttl_seconds},
            "session": {
                "type": "realtime",
                "model": model,
                "output_modalities": [modality],
                "instructions": instructions,
                "audio": {
                    "input": {
                        "transcription": profile.transcription if hears else None,
                        "turn_detection": profile.turn_detection if hears else None,
                        "noise_reduction": {"type": noise} if noise else None,
                    },
                    "output": {"voice": profile.voice},
                },
            },
        }
    )
