import pytest

from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore
from limi.features.client_secrets.ports import IdempotencyStore, SealedAnswer, Upstream
from limi.testing import ManualClock
from tests.unit.features.client_secrets.harness import StepUpstream


async def test_the_store_in_memory_and_a_fake_upstream_serve_as_ports() -> None:
    store: IdempotencyStore = InMemoryIdempotencyStore(clock=ManualClock(), max_entries=1)
    upstream: Upstream = StepUpstream(ManualClock())
    assert await store.claim(b"name", b"hash") is None
    await upstream.check()


def test_a_sealed_answer_cannot_be_changed() -> None:
    answer = SealedAnswer(body_hash=b"a", sealed=b"b", expires_at=1)
    with pytest.raises(AttributeError):
        answer.sealed = b"c"  # type: ignore[misc] # it is what must fail
