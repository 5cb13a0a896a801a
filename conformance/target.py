"""The API that is being tried, as one value that can be handed down to processes in other languages."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

__all__ = ["DEFAULT_MODEL", "SANDBOX_KEY", "TARGET_VARIABLE", "Target"]

DEFAULT_MODEL: Final = "gpt-realtime-2.1"
"""What both agents SDKs ask for by themselves."""
TARGET_VARIABLE: Final = "LIMI_CONFORMANCE_TARGET"
SANDBOX_KEY: Final = "sk-sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The sandbox, or whatever else speaks the same protocol."""

    url: str
    """Base URL as SDKs take it, ending in `/v1`."""
    tls_url: str
    """The same over TLS, on which the sockets of the npm package `openai` insist; empty if there is no such."""
    python: str
    """A Python that has the clients, for helpers that are started from JavaScript."""
    model: str = DEFAULT_MODEL

    def dump(self) -> str:
        """Return this as JSON with the names that `src/host/target.ts` reads; there is no key in it."""
        fields = asdict(self)
        return json.dumps({**fields, "tlsUrl": fields.pop("tls_url")})

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Target":
        """Read what `dump` wrote.

        Raises:
            KeyError: The variable is not set.
        """
        found = json.loads(environ[TARGET_VARIABLE])
        return cls(url=found["url"], tls_url=found["tlsUrl"], python=found["python"], model=found["model"])
