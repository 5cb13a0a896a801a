"""Keys for a service's own users.

Made from `_async_service.py` by `scripts/unasync.py`: edit that one only.
"""

import re
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

from limi_client._models import Capability, EphemeralKey, Health
from limi_client._sync_client import LimiAIClient

__all__ = ["LimiAIServiceIntegration"]

_SERVICE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,100}\Z")


class LimiAIServiceIntegration:
    """A service that hands keys to its own users, so that they never see its key of the backend.

    Example:
        with LimiAIServiceIntegration("http://localhost:3001/api", api_key) as limi:
            key = limi.generate_token_for_service("booking", capabilities=["audio_input", "audio_output"])
    """

    def __init__(
        self,
        backend_url: str,
        api_key: str | None = None,
        **options: Any,  # noqa: ANN401 - the client's own options, which it checks
    ) -> None:
        """Open nothing yet; see `LimiAIClient` for the options."""
        self._client = LimiAIClient(backend_url, api_key, **{"client_name": "python-service", **options})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._client.backend_url!r})"

    def __enter__(self) -> "LimiAIServiceIntegration":
        """Return this integration, which is closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the connections; may be called twice."""
        self._client.close()

    def generate_token_for_service(
        self,
        service_id: str,
        *,
        model: str | None = None,
        capabilities: Sequence[Capability] | None = None,
        timeout: float | None = None,
    ) -> EphemeralKey:
        """Mint a key for a session that is named after the service.

        Args:
            service_id: 1–100 of `A–Z a–z 0–9 _ -`; what the session is called in the backend's records.
            model: A public name or alias; the profile's model unless given.
            capabilities: What the conversation is to be able to; the profile decides unless given.
            timeout: Seconds for one try.

        Raises:
            LimiError: As `LimiAIClient.generate_ephemeral_key`.
            ValueError: The service id breaks its rule.
        """
        if not _SERVICE_ID.match(service_id):
            raise ValueError("service_id: must be 1–100 characters of A–Z a–z 0–9 _ -")
        return self._client.generate_ephemeral_key(model, service_id, capabilities=capabilities, timeout=timeout)

    def check_service_health(self, *, timeout: float | None = None) -> Health:
        """Ask whether keys can be minted now.

        Raises:
            APIError: There is no health answer to be had.
        """
        return self._client.check_health(timeout=timeout)
