"""How Limi is run for the question about webhooks: on which database, and with whom subscribed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from benchmarks.harness.access_setup import Caller, Step, Stores, as_operator, make
from benchmarks.harness.answers import DifferentAnswerError
from benchmarks.harness.machine import python_versions
from benchmarks.harness.servers import Contender
from benchmarks.harness.webhook_receiver import Deliveries, Receiver

__all__ = ["DATABASES", "Database", "quiet", "subscribe", "uncounted", "verify"]

_QUIET: Final = {
    "LIMI_WEBHOOKS_MAX_IN_FLIGHT": "1",
    "LIMI_WEBHOOKS_PER_ENDPOINT": "1",
    "LIMI_WEBHOOKS_TIMEOUT_SECONDS": "120",
}
"""One attempt at a receiver that never answers lasts as long as any measurement, and no other is begun meanwhile:
what is left of webhooks is what mints pay for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the journal and its deliveries are kept."""

    name: str
    title: str
    postgres: bool

    @property
    def step(self) -> Step:
        """Return it as a step of the question about access, which knows how its stores are run."""
        return Step(name=self.name, title=self.title, caller=Caller.ANYBODY, postgres=self.postgres)

    def contender(self, stores: Stores | None = None) -> Contender:
        """Return Limi on this database."""
        found = self.step.contender(stores)

        def versions() -> Mapping[str, str]:
            return {**found.versions(), **python_versions(("standardwebhooks",))}

        return msgspec.structs.replace(found, versions=versions)


DATABASES: Final = (
    Database(name="sqlite", title="SQLite", postgres=False),
    Database(name="postgres", title="PostgreSQL", postgres=True),
)


def quiet(contender: Contender) -> Contender:
    """Return `contender` with settings under which a silent receiver keeps it from delivering."""
    return _with(contender, _QUIET)


def uncounted(contender: Contender) -> Contender:
    """Return `contender` without analytics, which count what a load minted for seconds after it."""
    return _with(contender, {"LIMI_ANALYTICS_ENABLED": "false"})


def _with(contender: Contender, more: Mapping[str, str]) -> Contender:
    return msgspec.structs.replace(contender, environ=lambda launch: {**contender.environ(launch), **more})


def subscribe(contender: Contender, receiver: Receiver, *, port: int, folder: Path) -> str:
    """Have the server that runs in `folder` tell `receiver` of every key, and return the endpoint's secret.

    Raises:
        DifferentAnswerError: it makes no endpoint.
    """
    wish = {"url": receiver.url, "events": ["token.generated"]}
    secret: str = make(as_operator(contender, folder), port, "webhooks", wish)["secret"]
    return secret


def verify(found: Deliveries, secret: str) -> None:
    """Check the first delivery with the specification's own library.

    Raises:
        DifferentAnswerError: none came, or it is not signed with `secret`.
    """
    if found.first is None:
        raise DifferentAnswerError("nothing was delivered")
    try:
        Webhook(secret).verify(found.first.body, found.first.headers)
    except WebhookVerificationError as exc:
        raise DifferentAnswerError(f"the first delivery does not verify: {exc}") from exc
