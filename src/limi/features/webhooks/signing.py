"""Signatures as the Standard Webhooks specification has them, and how their secrets are kept.

The specification is https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
Signing itself is its own library's. What is kept of a secret is sealed with AES-GCM under a key that the database
does not hold, and bound to its endpoint: a row put beside another endpoint's opens nothing.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from standardwebhooks import Webhook

from limi.features.webhooks.errors import UnusableSecretError
from limi.features.webhooks.model import EndpointId, SealedSecret
from limi.kernel.ids import Ids
from limi.kernel.secret import Secret

__all__ = ["SecretVault", "Signer", "make_secret"]

_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32
"""The specification asks for 24 to 64; this is what HMAC-SHA256 makes full use of."""
_NONCE_BYTES: Final = 12
_MAX_KNOWN: Final = 10_000


def make_secret(ids: Ids) -> Secret:
    """Return a new secret, `whsec_` and 32 random bytes to base 64."""
    return Secret(_PREFIX + base64.b64encode(bytes.fromhex(ids.hex(2 * _SECRET_BYTES))).decode())


class SecretVault:
    """Seals and opens secrets."""

    def __init__(self, *, key: bytes, ids: Ids) -> None:
        """Keep a key of 32 bytes, and who makes nonces."""
        self._cipher = AESGCM(key)
        self._ids = ids

    def seal(self, secret: Secret, *, endpoint: EndpointId) -> bytes:
        """Return what may be kept of `secret`: a random nonce, then what is sealed (NIST SP 800-38D §8.2.2)."""
        nonce = bytes.fromhex(self._ids.hex(2 * _NONCE_BYTES))
        return nonce + self._cipher.encrypt(nonce, secret.reveal().encode(), endpoint.encode())

    def open(self, sealed: bytes, *, endpoint: EndpointId) -> Secret:
        """Return the secret.

        Raises:
            UnusableSecretError: it was sealed under another root key, or for another endpoint.
        """
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return Secret(self._cipher.decrypt(nonce, rest, endpoint.encode()).decode())
        except (InvalidTag, ValueError):
            raise UnusableSecretError(endpoint) from None


class Signer:
    """Makes the headers of a delivery; opened secrets are remembered, because opening costs more than signing."""

    def __init__(self, *, vault: SecretVault) -> None:
        self._vault = vault
        self._known: dict[bytes, Webhook] = {}

    def headers(
        self,
        body: bytes,
        *,
        message: str,
        endpoint: EndpointId,
        secrets: Sequence[SealedSecret],
        now: float,
    ) -> Mapping[str, str]:
        """Return the three headers of the specification, with a signature for each secret that is live.

        Args:
            body: what is sent.
            message: its id, which is the same in every try.
            endpoint: whom it is sent to.
            secrets: the endpoint's.
            now: Unix seconds of this try; receivers refuse what is minutes away from their own.

        Raises:
            UnusableSecretError: no secret of the endpoint can be opened.
        """
        at = int(now)
        text, moment = body.decode(), datetime.fromtimestamp(at, UTC)
        signatures = [
            self._webhook(secret.sealed, endpoint).sign(message, moment, text)
            for secret in secrets
            if secret.expires_at is None or secret.expires_at > now
        ]
        if not signatures:
            raise UnusableSecretError(endpoint)
        return {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": " ".join(signatures)}

    def _webhook(self, sealed: bytes, endpoint: EndpointId) -> Webhook:
        # The endpoint is part of what is sealed, so the sealed bytes alone are name enough.
        known = self._known.get(sealed)
        if known is None:
            known = Webhook(self._vault.open(sealed, endpoint=endpoint).reveal())
            if len(self._known) >= _MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[sealed] = known
        return known
