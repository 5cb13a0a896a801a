"""Ephemeral keys, fresh and expired."""

import asyncio
import time
from typing import Final

from openai import AsyncOpenAI
from openai.types.realtime import ClientSecretCreateResponse

from conformance.target import Target

__all__ = ["expired_key", "mint"]

_SHORTEST_SECONDS: Final = 10
"""The shortest life OpenAI gives a key."""
_SURELY_SECONDS: Final = 1.5
"""The end of a key is given in whole seconds."""


async def mint(client: AsyncOpenAI, target: Target, seconds: int = 600) -> ClientSecretCreateResponse:
    """Mint a key that lives so many seconds."""
    return await client.realtime.client_secrets.create(
        expires_after={"anchor": "created_at", "seconds": seconds},
        session={"type": "realtime", "model": target.model},
    )


async def expired_key(client: AsyncOpenAI, target: Target) -> str:
    """Mint a key and return it once it has expired; that has to be waited for."""
    secret = await mint(client, target, _SHORTEST_SECONDS)
    await asyncio.sleep(max(0.0, secret.expires_at + _SURELY_SECONDS - time.time()))
    return secret.value
