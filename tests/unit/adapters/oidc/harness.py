"""An issuer, our side of it, and a clock under the test's control."""

from dataclasses import dataclass
from typing import Any

import msgspec

from limi.adapters.oidc.key_source import KeySource
from limi.adapters.oidc.verifier import OIDCVerifier
from limi.kernel.settings import OIDCSettings
from limi.testing import FakeIssuer, ManualClock

__all__ = ["Login", "make_login"]


@dataclass(frozen=True)
class Login:
    """An issuer with a verifier of its tokens."""

    clock: ManualClock
    issuer: FakeIssuer
    settings: OIDCSettings
    keys: KeySource
    verifier: OIDCVerifier

    def fetches(self) -> int:
        """Return how often the key set was asked for."""
        return self.issuer.asked.count("/keys")


def make_login(**changes: Any) -> Login:
    clock = ManualClock()
    issuer = FakeIssuer(clock=clock)
    plain = OIDCSettings(issuer=issuer.url, audience=("limi", "other"))
    settings = msgspec.structs.replace(plain, **changes)
    keys = KeySource(settings=settings, fetch=issuer.fetch, clock=clock)
    return Login(clock, issuer, settings, keys, OIDCVerifier(settings=settings, keys=keys, clock=clock))
