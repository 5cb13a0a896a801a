"""What a process does about repeats; tests/integration/redis has two of them and a real Redis."""

from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs

from limi.adapters.redis.connection import RedisUnavailableError, Script
from limi.adapters.redis.idempotency_store import RedisIdempotencyStore
from limi.features.client_secrets.errors import IdempotencyConflictError
from limi.features.client_secrets.ports import SealedAnswer
from limi.testing import CountingIds, VirtualClock

NAME, BODY = b"n" * 32, b"b" * 32


class Server:
    """Answers what a test says, and remembers with what it was asked."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[Sequence[bytes]] = []
        self.closed = False

    async def run(
        self,
        script: Script,
        keys: Sequence[bytes],
        arguments: Sequence[bytes] = (),
        *,
        timeout_seconds: float | None = None,
    ) -> object:
        del script, timeout_seconds
        self.asked.append((*keys, *arguments))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True


def make(server: Server, clock: VirtualClock) -> RedisIdempotencyStore:
    return RedisIdempotencyStore(
        connection=server,
        clock=clock,
        ids=CountingIds(),
        max_entries=10,
        lease_seconds=20,
        sleep=clock.sleep,
    )


def answer(clock: VirtualClock) -> SealedAnswer:
    return SealedAnswer(body_hash=BODY, sealed=b"sealed", expires_at=int(clock.now()) + 60)


async def test_a_claim_is_a_lease_under_a_name_that_tells_nothing() -> None:
    clock, server = VirtualClock(), Server([b"claimed"])
    assert await make(server, clock).claim(NAME, BODY) is None
    key, body, token, lease, now = server.asked[0]
    assert (key, body, lease, now) == (b"{limi}:repeat:" + NAME.hex().encode(), BODY, b"20000", b"1790000000.000")
    assert len(token) == 32


async def test_what_redis_kept_is_asked_for_once() -> None:
    clock = VirtualClock()
    kept = answer(clock)
    server = Server([b"kept", kept.sealed, b"%d" % kept.expires_at])
    store = make(server, clock)
    assert [await store.claim(NAME, BODY) for _ in range(3)] == [kept] * 3
    assert len(server.asked) == 1


async def test_a_conflict_leaves_the_name_free_here() -> None:
    server = Server([b"conflict"], 0, [b"claimed"])
    store = make(server, VirtualClock())
    with pytest.raises(IdempotencyConflictError):
        await store.claim(NAME, b"another body")
    assert await store.claim(NAME, BODY) is None


@pytest.mark.parametrize("nonsense", [None, [], b"OK", [b"kept"], RedisUnavailableError("gone")])
async def test_without_an_answer_from_redis_the_mint_goes_on(nonsense: object) -> None:
    assert await make(Server(nonsense), VirtualClock()).claim(NAME, BODY) is None


async def test_a_redis_that_failed_is_left_alone_for_a_second() -> None:
    """Or every repeat would wait for a time-out of its own."""
    clock = VirtualClock()
    server = Server(RedisUnavailableError("gone"), [b"claimed"], 1)
    store = make(server, clock)
    with capture_logs() as logs:
        assert await store.claim(NAME, BODY) is None
        await store.keep(NAME, answer(clock))
        assert await store.claim(b"o" * 32, BODY) is None
        assert len(server.asked) == 1
        await clock.advance(1)
        assert await store.claim(b"p" * 32, BODY) is None
        assert len(server.asked) == 2
    assert [line["event"] for line in logs] == ["repeats.alone", "repeats.shared"]


async def test_a_key_that_ended_meanwhile_is_given_up_rather_than_stored() -> None:
    """Who waits at another server would wait for the lease's end otherwise."""
    clock, server = VirtualClock(), Server([b"claimed"], 1)
    store = make(server, clock)
    await store.claim(NAME, BODY)
    await clock.advance(61)
    await store.keep(NAME, SealedAnswer(body_hash=BODY, sealed=b"s", expires_at=int(clock.now())))
    token = server.asked[0][2]
    assert server.asked[1] == (b"{limi}:repeat:" + NAME.hex().encode(), token)


async def test_closing_closes_the_connection() -> None:
    server = Server()
    await make(server, VirtualClock()).close()
    assert server.closed
