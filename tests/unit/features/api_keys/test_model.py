"""What is known of a key."""

from limi.features.api_keys.model import ApiKey, KeyID, KeyStatus
from limi.kernel.principal import Scope


def key(**members: float) -> ApiKey:
    made = {"id": KeyID("abcdefgh"), "name": "k", "scopes": frozenset({Scope.MINT}), "created_by": "system"}
    return ApiKey(**{**made, "created_at": 0.0, **members})  # type: ignore[arg-type] # one dictionary of all kinds


def test_what_may_be_shown_tells_which_key_it_is() -> None:
    assert key().prefix == "limi_sk_abcdefgh"


def test_a_key_is_active_until_it_expires_or_is_revoked() -> None:
    assert key(expires_at=10.0).status(9.9) is KeyStatus.ACTIVE
    assert key(expires_at=10.0).status(10.0) is KeyStatus.EXPIRED
    assert key(revoked_at=1.0, expires_at=10.0).status(99.0) is KeyStatus.REVOKED
