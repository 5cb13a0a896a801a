"""A profile in JSON: the members of `limi.kernel.settings.Profile`, spelled as everything else of the API is.

The structs are derived, so that a member added to profiles is a member here. What lies within turn detection,
transcription and tools keeps upstream's spelling, because it is passed on as it is.
"""

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from limi.kernel.settings import Leash, Profile

__all__ = ["ProfileMembers", "members_of", "profile_of"]


def _derive(name: str, kind: type[msgspec.Struct], about: str, **types: Any) -> Any:  # noqa: ANN401 - see below
    """Return a struct with the members of `kind` in camel case; `types` replaces the types of some."""
    fields = []
    for field in msgspec.structs.fields(kind):
        default = {"default": field.default, "default_factory": field.default_factory}
        given = {rule: value for rule, value in default.items() if value is not msgspec.NODEFAULT}
        fields.append((field.name, types.get(field.name, field.type), msgspec.field(**given)))
    return msgspec.defstruct(
        name,
        fields,
        module=__name__,
        namespace={"__doc__": about},
        rename="camel",
        frozen=True,
        kw_only=True,
        forbid_unknown_fields=True,
    )


if TYPE_CHECKING:
    # They have the same members, which is all that a type checker needs to know of them.
    LeashMembers = Leash
    ProfileMembers = Profile
else:
    LeashMembers = _derive("LeashMembers", Leash, "The limits of one running call.")
    ProfileMembers = _derive(
        "ProfileMembers",
        Profile,
        "What a session is like; members that are left out have the configuration's defaults.",
        leash=Annotated[
            LeashMembers | None,
            msgspec.Meta(description="Limits of a supervised call; in direct mode nobody enforces them."),
        ],
    )


def profile_of(members: ProfileMembers) -> Profile:
    """Return what was sent as a profile."""
    leash = members.leash and Leash(**_plain(members.leash))
    return Profile(**{**_plain(members), "leash": leash})


def members_of(profile: Profile) -> ProfileMembers:
    """Return a profile as it is sent."""
    leash = profile.leash and LeashMembers(**_plain(profile.leash))
    return ProfileMembers(**{**_plain(profile), "leash": leash})


def _plain(struct: msgspec.Struct) -> dict[str, Any]:
    return msgspec.structs.asdict(struct)
