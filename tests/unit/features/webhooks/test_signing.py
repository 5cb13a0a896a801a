"""Signatures against the specification's own library, and secrets that nobody finds in the database."""

import base64
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from limi.features.webhooks.errors import UnusableSecretError
from limi.features.webhooks.model import EndpointId, SealedSecret
from limi.features.webhooks.signing import SecretVault, Signer, make_secret
from limi.kernel.ids import RandomIds
from limi.kernel.secret import Secret
from limi.testing import CountingIds

A, B = EndpointId("whe_a"), EndpointId("whe_b")
BODY = '{"type":"webhook.test","data":{"é":1}}'.encode()


@pytest.fixture
def vault() -> SecretVault:
    return SecretVault(key=bytes(range(32)), ids=RandomIds())


def kept(
    vault: SecretVault, secret: Secret, *, endpoint: EndpointId = A, until: float | None = None
) -> SealedSecret:
    return SealedSecret(sealed=vault.seal(secret, endpoint=endpoint), created_at=0.0, expires_at=until)


def now() -> float:
    return datetime.now(UTC).timestamp()


def test_a_secret_is_thirty_two_random_bytes() -> None:
    ids = CountingIds()
    one, other = make_secret(ids).reveal(), make_secret(ids).reveal()
    assert one != other
    assert one.startswith("whsec_")
    assert len(base64.b64decode(one.removeprefix("whsec_"), validate=True)) == 32


def test_a_sealed_secret_opens_again_and_shows_nothing(vault: SecretVault) -> None:
    secret = make_secret(RandomIds())
    sealed = vault.seal(secret, endpoint=A)
    assert vault.open(sealed, endpoint=A) == secret
    raw = base64.b64decode(secret.reveal().removeprefix("whsec_"))
    assert raw not in sealed
    assert secret.reveal().encode() not in sealed
    assert vault.seal(secret, endpoint=A) != sealed


def test_a_sealed_secret_is_its_endpoints_only(vault: SecretVault) -> None:
    sealed = vault.seal(make_secret(RandomIds()), endpoint=A)
    with pytest.raises(UnusableSecretError, match="whe_b"):
        vault.open(sealed, endpoint=B)


@pytest.mark.parametrize("damage", [b"", b"short", b"\0" * 80])
def test_what_was_not_sealed_here_does_not_open(vault: SecretVault, damage: bytes) -> None:
    with pytest.raises(UnusableSecretError):
        vault.open(damage, endpoint=A)


def test_another_root_key_opens_nothing(vault: SecretVault) -> None:
    sealed = vault.seal(make_secret(RandomIds()), endpoint=A)
    with pytest.raises(UnusableSecretError):
        SecretVault(key=bytes(32), ids=RandomIds()).open(sealed, endpoint=A)


def test_the_specifications_library_verifies_and_notices_changes(vault: SecretVault) -> None:
    secret = make_secret(RandomIds())
    headers = Signer(vault=vault).headers(BODY, message="m1", endpoint=A, secrets=[kept(vault, secret)], now=now())
    receiver = Webhook(secret.reveal())
    assert receiver.verify(BODY, dict(headers))["type"] == "webhook.test"
    for altered in (
        (BODY + b" ", headers),
        (BODY, {**headers, "webhook-id": "m2"}),
        (BODY, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}),
    ):
        with pytest.raises(WebhookVerificationError):
            receiver.verify(altered[0], dict(altered[1]))


def test_the_signature_is_hmac_over_id_time_and_body(vault: SecretVault) -> None:
    """As the specification writes it down; computed here without its library."""
    secret = make_secret(RandomIds())
    headers = Signer(vault=vault).headers(
        BODY, message="m1", endpoint=A, secrets=[kept(vault, secret)], now=1_790_000_000.9
    )
    key = base64.b64decode(secret.reveal().removeprefix("whsec_"))
    mac = base64.b64encode(hmac.digest(key, b"m1.1790000000." + BODY, "sha256")).decode()
    assert headers == {"webhook-id": "m1", "webhook-timestamp": "1790000000", "webhook-signature": f"v1,{mac}"}


def test_during_an_overlap_both_secrets_verify_and_afterwards_the_new_one(vault: SecretVault) -> None:
    new, old = make_secret(RandomIds()), make_secret(RandomIds())
    at = now()
    secrets = [kept(vault, new), kept(vault, old, until=at + 60)]
    signer = Signer(vault=vault)
    during = dict(signer.headers(BODY, message="m1", endpoint=A, secrets=secrets, now=at))
    after = dict(signer.headers(BODY, message="m1", endpoint=A, secrets=secrets, now=at + 60))
    assert len(during["webhook-signature"].split(" ")) == 2
    for secret in (new, old):
        Webhook(secret.reveal()).verify(BODY, during)
    Webhook(new.reveal()).verify(BODY, after)
    with pytest.raises(WebhookVerificationError):
        Webhook(old.reveal()).verify(BODY, after)


def test_an_endpoint_without_a_live_secret_is_not_sent_to_unsigned(vault: SecretVault) -> None:
    over = kept(vault, make_secret(RandomIds()), until=10.0)
    with pytest.raises(UnusableSecretError):
        Signer(vault=vault).headers(BODY, message="m1", endpoint=A, secrets=[over], now=11.0)
