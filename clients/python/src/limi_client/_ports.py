"""Time, chance and new identifiers: handed in, so that a test decides about them."""

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["SYSTEM", "Ports"]


def _new_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True)
class Ports:
    """What a client asks this machine for, beside the network."""

    now: Callable[[], float] = time.time
    """Unix seconds."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds since an arbitrary start."""
    chance: Callable[[], float] = random.random
    """A number of [0, 1), for jitter."""
    new_id: Callable[[], str] = _new_id
    """A UUID, for idempotency keys and reports."""


SYSTEM: Final = Ports()
"""What this machine has."""
