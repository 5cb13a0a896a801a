"""Derivation is checked against HMAC alone, as RFC 5869 writes it down."""

import hashlib
import hmac

import pytest

from limi.kernel.keys import KeyLabel, derive_key
from limi.kernel.secret import Secret

ROOT = Secret("0f" * 32)


def hkdf(key: bytes, info: bytes) -> bytes:
    """Extract, then the one round of expansion that 32 bytes need (RFC 5869 §2)."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


@pytest.mark.parametrize("label", list(KeyLabel))
def test_a_derived_key_is_hkdf_sha256_under_its_label(label: KeyLabel) -> None:
    assert derive_key(ROOT, label) == hkdf(bytes.fromhex(ROOT.reveal()), f"limi:{label}".encode())


def test_the_known_vector_of_a_root_of_zeros_holds() -> None:
    """A change here would orphan everything that servers have sealed or hashed."""
    made = derive_key(Secret("00" * 32), KeyLabel.PRIVACY)
    assert hashlib.sha256(made).hexdigest() == "051b2e39acafeb1d2a4c76996c5b5f1d8b4877655c03328b9793d17d2a62c1e7"


def test_labels_and_roots_give_keys_of_their_own() -> None:
    keys = {derive_key(root, label) for root in (ROOT, Secret("0e" * 32)) for label in KeyLabel}
    assert len(keys) == 2 * len(KeyLabel)
    assert {len(key) for key in keys} == {32}


def test_the_labels_are_those_that_operators_were_told() -> None:
    told = {"idempotency", "privacy-hmac", "audit-signing", "api-key-hash", "webhook-at-rest"}
    assert {str(label) for label in KeyLabel} == told
