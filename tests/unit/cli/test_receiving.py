"""What `limi webhook listen` believes, and what it says of what it does not."""

import json
import time
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from limi.cli.receiving import Received, Receiver, Verifier
from limi.kernel.secret import Secret

_SECRET = "whsec_" + "QUFB" * 8
_OTHER = "whsec_" + "QkJC" * 8
_BODY = json.dumps({"type": "token.generated", "data": {"tenant": "Ä"}}, separators=(",", ":")).encode()


_NAMES = ("webhook-id", "webhook-timestamp", "webhook-signature")


def _signed(body: bytes = _BODY, *, secret: str = _SECRET, message: str = "m1", age: float = 0) -> dict[str, str]:
    at = datetime.fromtimestamp(int(time.time() - age), UTC)
    signature = Webhook(secret).sign(message, at, body.decode())
    return {"webhook-id": message, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


@pytest.fixture
def verifier() -> Verifier:
    return Verifier(secret=Secret(_SECRET), now=time.time)


def test_what_the_specification_signs_is_believed(verifier: Verifier) -> None:
    assert verifier.problem(_signed(), _BODY) is None


def test_one_of_two_signatures_is_enough(verifier: Verifier) -> None:
    new, old = _signed(secret=_OTHER), _signed()
    both = {**new, "webhook-signature": f"{new['webhook-signature']} {old['webhook-signature']}"}
    assert verifier.problem(both, _BODY) is None


@pytest.mark.parametrize(
    ("signing", "changes", "body", "said"),
    [
        ({}, dict.fromkeys(_NAMES, ""), _BODY, "no header webhook-id and no header webhook-timestamp"),
        ({"secret": _OTHER}, {}, _BODY, "wrong secret, or an altered body"),
        ({"age": 900}, {}, _BODY, "old timestamp: signed 90"),
        ({"age": -900}, {}, _BODY, "timestamp of the future"),
        ({}, {"webhook-timestamp": "yesterday"}, _BODY, "no number of Unix seconds"),
        ({}, {"webhook-timestamp": "nan"}, _BODY, "no number of Unix seconds"),
        ({}, {"webhook-signature": "v2,abc"}, _BODY, "no signature of version v1"),
        ({}, {"webhook-signature": "v1,%%%"}, _BODY, "does not fit"),
        ({}, {"webhook-signature": "v1,é"}, _BODY, "does not fit"),
        ({}, {}, _BODY + b"\n", "altered body: the signature fits the same JSON written otherwise"),
        ({}, {}, json.dumps(json.loads(_BODY), indent=2).encode(), "altered body: the signature fits"),
        ({}, {}, b"\xff\xfe", "does not fit"),
    ],
)
def test_what_is_not_believed_is_explained(
    verifier: Verifier, signing: dict[str, Any], changes: dict[str, str], body: bytes, said: str
) -> None:
    assert said in (verifier.problem({**_signed(**signing), **changes}, body) or "")


def test_a_body_is_blamed_once_the_secret_has_fitted(verifier: Verifier) -> None:
    assert verifier.problem(_signed(), _BODY) is None
    assert (verifier.problem(_signed(), b"{}") or "").startswith("altered body or id: this secret fitted")


@pytest.mark.parametrize("secret", ["whsec_", "", "whsec_%", "whsec_QUFB", "QUFB" * 8])
def test_what_is_no_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^a webhook secret is `whsec_` and 24–64 bytes in base64$"):
        Verifier(secret=Secret(secret), now=time.time)


class _Client:
    """Sends requests to a receiver."""

    def __init__(self, **members: Any) -> None:
        self.shown: list[Received] = []
        made = {"verifier": Verifier(secret=Secret(_SECRET), now=time.time), "status": 204, "forward": None}
        self.receiver = Receiver(**{**made, **members}, show=self.shown.append)

    async def send(self, headers: Mapping[str, str], body: bytes = _BODY, method: str = "POST") -> int:
        sent: list[MutableMapping[str, Any]] = []
        chunks = [body[start : start + 65_536] for start in range(0, len(body), 65_536)] or [b""]
        messages = [{"type": "http.request", "body": part, "more_body": True} for part in chunks]
        messages.append({"type": "http.request", "body": b"", "more_body": False})

        async def receive() -> MutableMapping[str, Any]:
            return messages.pop(0)

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
        await self.receiver({"type": "http", "method": method, "headers": raw}, receive, send)
        status: int = sent[0]["status"]
        return status


async def test_a_verified_request_is_shown_and_answered_with_the_wished_status() -> None:
    client = _Client(status=503)
    assert await client.send(_signed()) == 503
    assert client.shown == [Received(message="m1", body=_BODY, problem=None, again=False, status=503)]


async def test_a_duplicate_is_told_by_its_id_and_only_where_both_are_verified() -> None:
    client = _Client()
    await client.send(_signed(secret=_OTHER))
    await client.send(_signed())
    await client.send(_signed())
    await client.send(_signed(secret=_OTHER))
    assert [(shown.problem is None, shown.again) for shown in client.shown] == [
        (False, False),
        (True, False),
        (True, True),
        (False, False),
    ]


async def test_only_what_is_verified_is_passed_on() -> None:
    passed: list[bytes] = []

    async def forward(body: bytes, headers: Mapping[str, str]) -> int:
        passed.append(body)
        assert headers["webhook-id"] == "m1"
        return 418

    client = _Client(forward=forward)
    assert [await client.send(_signed()), await client.send(_signed(secret=_OTHER))] == [418, 400]
    assert passed == [_BODY]


async def test_other_methods_and_endless_bodies_are_refused_unshown() -> None:
    client = _Client()
    assert await client.send({}, b"", "GET") == 405
    assert await client.send(_signed(), b"x" * 1_200_000) == 413
    assert client.shown == []
