"""What a mint is made of: the request a client sends, the secret upstream gives, the key that is handed out."""

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from limi.kernel.secret import Secret

__all__ = ["MINT_RULES", "Capability", "ClientSecret", "MintRequest", "Minted", "own_session_id"]


class Capability(StrEnum):
    """What a client wants to do in the conversation."""

    AUDIO_INPUT = "audio_input"
    AUDIO_OUTPUT = "audio_output"
    TEXT_INPUT = "text_input"
    TEXT_OUTPUT = "text_output"


# `\Z` rather than `$`, which would let a trailing newline pass.
SessionID = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,100}\Z")]
ProfileName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
ModelName = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Variables = Annotated[dict[str, Annotated[str, msgspec.Meta(max_length=500)]], msgspec.Meta(max_length=20)]
# Duplicates are fine, so four names bound nothing; this bound keeps a huge list from being read through.
Capabilities = Annotated[list[Capability], msgspec.Meta(max_length=100)]


class MintRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The body of `POST /api/client-secret`; every member may be left out."""

    session_id: SessionID | msgspec.UnsetType = msgspec.UNSET
    model: ModelName | msgspec.UnsetType = msgspec.UNSET
    capabilities: Capabilities = []
    profile: ProfileName = "default"
    variables: Variables = {}


MINT_RULES: Final = {
    "sessionId": "must be a string of 1–100 characters of A–Z a–z 0–9 _ -",
    "model": "must be a string that names a model",
    "capabilities": f"must be an array of at most 100 of {', '.join(Capability)}",
    "profile": "must be a string of 1–64 characters of a–z 0–9 -",
    "variables": "must be an object of at most 20 strings of at most 500 characters",
}
"""The rule of each member in words, for error messages and the API description."""


class ClientSecret(msgspec.Struct, frozen=True, kw_only=True):
    """What upstream gave: the key and the session it opens."""

    value: Secret
    expires_at: int
    session_id: str
    model: str | None
    """The model as upstream names it, where it does."""


class Minted(msgspec.Struct, frozen=True, kw_only=True):
    """A key on its way to the caller."""

    key: Secret
    expires_at: int
    """Unix seconds."""
    session_id: str
    model: str
    """The upstream model the session runs on."""
    replaces: str | None = None
    """The model that was asked for, where its end had come and another took its place."""
    replayed: bool = False


def own_session_id(session_id: str, tenant: str | None) -> str:
    """Return a session id as Limi's own records have it: joined to the tenant's, where there is one.

    Tenant ids hold no underscore, so the joined id cannot be read in two ways.
    """
    return session_id if tenant is None else f"{tenant}_{session_id}"
