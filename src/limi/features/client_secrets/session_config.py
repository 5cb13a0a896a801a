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
from limi.kernel.principal import Principal
from limi.kernel.profiles import NamedProfile
from limi.kernel.settings import Profile, SettingsError
from limi.protocol.client_secrets import parse_client_secret_request
from limi.protocol.errors import ProtocolError

__all__ = ["SessionBodies", "check_profile"]

_VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_-]+)\s*\}\}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")

_Key = tuple[str | None, str, int, str, frozenset[Capability], int | None]
"""Tenant, name and version of the profile; then the model, the wishes and the longest life of a request."""
_MAX_BUILT: Final = 2048
"""Bodies kept at once, of about 1 KiB each; past it all are built anew, which costs 10 µs each."""

_ANY_VOICE: Final = "marin"
_ANY_MODEL: Final = "gpt-realtime-2.1"


class SessionBodies:
    """Builds upstream bodies; those without variables are built once, since a mint would repeat them."""

    def __init__(self) -> None:
        self._built: dict[_Key, bytes] = {}

    def build(self, request: MintRequest, chosen: NamedProfile, model: str, principal: Principal) -> bytes:
        """Return the JSON body of `POST /v1/realtime/client_secrets` for this request.

        Raises:
            InvalidMintError: a variable is unknown to the profile or holds a control character.
        """
        profile, wishes, most = chosen.profile, frozenset(request.capabilities), principal.max_ttl_seconds
        if request.variables or profile.variables:
            instructions = _fill(profile, request.variables, principal.variables)
            return _encode(profile, model, wishes, most, instructions=instructions)
        key = (chosen.tenant, chosen.name, chosen.version, model, wishes, most)
        body = self._built.get(key)
        if body is None:
            body = _encode(profile, model, wishes, most, instructions=profile.instructions)
            if len(self._built) >= _MAX_BUILT:
                self._built.clear()
            self._built[key] = body
        return body


def check_profile(profile: Profile, *, place: str) -> None:
    """Refuse beforehand what every mint of this profile would be refused for.

    Args:
        profile: the session config.
        place: where it stands; its members are named below it.

    Raises:
        SettingsError: naming the member, and what upstream would say of it.
    """
    # The voice is left out: upstream may know custom ones that nobody here does. So may it know other models.
    known = msgspec.structs.replace(profile, voice=_ANY_VOICE)
    try:
        body = _encode(known, _ANY_MODEL, frozenset(), None, instructions=known.instructions)
        parse_client_secret_request(body, default_model=_ANY_MODEL)
    except ProtocolError as exc:
        member = (exc.param or "").removeprefix("session.").removeprefix("audio.input.")
        msg = f"{'.'.join(filter(None, (place, member))) or 'profile'}: {exc.message}"
        raise SettingsError(msg) from exc
    except OverflowError as exc:
        msg = f"{place or 'profile'}: a number is too large."
        raise SettingsError(msg) from exc


def _modality(wishes: Collection[Capability], profile: Profile) -> str:
    if Capability.AUDIO_OUTPUT in wishes:
        return "audio"
    if Capability.TEXT_OUTPUT in wishes:
        return "text"
    return profile.output_modality


def _fill(profile: Profile, given: Mapping[str, str], vouched: Mapping[str, str]) -> str:
    if not given.keys() <= profile.variables.keys():
        raise InvalidMintError(field="variables", rule="may only name what the profile declares")
    # What a token says of its bearer goes before what the bearer says.
    known = {name: value for name, value in vouched.items() if name in profile.variables}
    for name, value in (*given.items(), *known.items()):
        # A line break would let a caller begin a paragraph that reads like one of the operator's.
        if _CONTROL.search(value):
            raise InvalidMintError(field=f"variables.{name}", rule="must not hold control characters")
    values = {**profile.variables, **given, **known}
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), profile.instructions)


def _encode(
    profile: Profile, model: str, wishes: Collection[Capability], most_seconds: int | None, *, instructions: str
) -> bytes:
    seconds = profile.ttl_seconds if most_seconds is None else min(most_seconds, profile.ttl_seconds)
    hears = not wishes or Capability.AUDIO_INPUT in wishes
    noise = profile.noise_reduction
    return msgspec.json.encode(
        {
            "expires_after": {"anchor": "created_at", "seconds": seconds},
            "session": {
                "type": "realtime",
                "model": model,
                "output_modalities": [_modality(wishes, profile)],
                "instructions": instructions,
                "audio": {
                    "input": {
                        "transcription": profile.transcription if hears else None,
                        "turn_detection": profile.turn_detection if hears else None,
                        "noise_reduction": {"type": noise} if noise else None,
                    },
                    "output": {"voice": profile.voice},
                },
                **({"tools": profile.tools} if profile.tools else {}),
            },
        }
    )
