"""Who may do what: the standard key may do everything, a client secret may open the sessions it was minted for."""

from collections.abc import Iterable, Sequence
from typing import Final

from limi.kernel.secret import Secret
from limi.protocol import SessionConfig
from limi.sandbox.secrets import ClientSecret, ClientSecrets, is_client_secret

__all__ = ["Credentials", "bearer_token", "subprotocol_token"]

_BEARER: Final = "bearer "
_KEY_SUBPROTOCOL: Final = "openai-insecure-api-key."


class Credentials:
    """Tells valid keys from others."""

    def __init__(self, *, api_key: Secret | None, secrets: ClientSecrets[SessionConfig]) -> None:
        """Know the keys.

        Args:
            api_key: The only standard key, or None: then anything is one that is no client secret.
            secrets: The client secrets that were minted here.
        """
        self._api_key = api_key
        self._secrets = secrets

    def is_standard_key(self, token: str | None) -> bool:
        """Say whether `token` is a standard key."""
        if not token or is_client_secret(token):
            return False
        return self._api_key is None or self._api_key.matches(token)

    def client_secret(self, token: str | None) -> ClientSecret[SessionConfig] | None:
        """Return the unexpired client secret that `token` is."""
        return self._secrets.find(token) if token else None


def bearer_token(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Return the token of the Authorization header, or None."""
    for name, value in headers:
        text = value.decode("latin-1")
        if name == b"authorization" and text.lower().startswith(_BEARER):
            return text[len(_BEARER) :].strip() or None
    return None


def subprotocol_token(subprotocols: Sequence[str]) -> str | None:
    """Return the key that a browser, which cannot set headers, offers as a subprotocol."""
    keys = (offered[len(_KEY_SUBPROTOCOL) :] for offered in subprotocols if offered.startswith(_KEY_SUBPROTOCOL))
    return next(keys, None) or None
