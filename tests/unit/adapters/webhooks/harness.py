"""A sender whose names and connections are in the test's hand: no packet leaves this machine."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit

from limi.adapters.webhooks.connection import ReceiverConnection
from limi.adapters.webhooks.network import NameNotFoundError, PinnedConnector
from limi.adapters.webhooks.sender import WebhookSender
from limi.features.webhooks.addresses import AddressKind
from limi.features.webhooks.ports import Answer

__all__ = ["ADDRESSES", "FakeConnector", "FakeResolver", "make_sender", "port_of", "post"]

ADDRESSES = frozenset({AddressKind.PUBLIC, AddressKind.LOOPBACK})


class FakeResolver:
    """Knows what it was told; an entry that is a list of lists gives the next one at each question."""

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._names = {name: list(answers) for name, answers in names.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:  # noqa: ARG002 - the port's
        self.asked.append(host)
        answers = self._names.get(host)
        if not answers:
            raise NameNotFoundError
        return answers.pop(0) if len(answers) > 1 else answers[0]


class FakeConnector:
    """Notes where it was to connect, and connects to this machine instead."""

    def __init__(self, *, port: int | None = None) -> None:
        self._port = port
        self._real = PinnedConnector()
        self.asked: list[tuple[Sequence[str], int, str, bool]] = []

    async def connect(self, addresses: Sequence[str], port: int, *, name: str, tls: bool) -> ReceiverConnection:
        self.asked.append((tuple(addresses), port, name, tls))
        if self._port is None:
            raise ConnectionRefusedError
        return await self._real.connect(["127.0.0.1"], self._port, name=name, tls=False)


def make_sender(
    *,
    names: Mapping[str, Sequence[Sequence[str]]] | None = None,
    connector: FakeConnector | PinnedConnector | None = None,
    kinds: AbstractSet[AddressKind] = ADDRESSES,
    timeout_seconds: float = 5.0,
) -> WebhookSender:
    """Return a sender; unless told otherwise, names are found nowhere and connections are real."""
    known = {"127.0.0.1": [["127.0.0.1"]], **(names or {})}
    return WebhookSender(
        resolver=FakeResolver(known),
        connector=connector or PinnedConnector(),
        kinds=kinds,
        timeout_seconds=timeout_seconds,
        user_agent="Limi/test",
        now=lambda: 1_790_000_000.0,
    )


async def post(sender: WebhookSender, url: str, body: bytes = b"{}") -> Answer:
    """Send one delivery."""
    return await sender.send(url, headers={"webhook-id": "m1"}, body=body)


def port_of(url: str) -> int:
    """Return the port that a URL names."""
    port = urlsplit(url).port
    assert port is not None
    return port
