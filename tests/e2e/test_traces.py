"""Traces of real server processes, at a real receiver."""

from pathlib import Path

import msgspec
import pytest

from limi.testing import FakeUpstream
from tests.e2e.harness import MINT, Server, free
from tests.integration.traces.receiver import Receiver

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_trace_goes_through_server_log_and_upstream_to_the_receiver(
    workers: int, tmp_path: Path, postgres_url: str, old_redis_url: str, upstream: FakeUpstream
) -> None:
    settings = free(
        {
            "LIMI_WORKERS": str(workers),
            "LIMI_DATABASE_URL": postgres_url,
            "LIMI_REDIS_URL": old_redis_url,
            "LIMI_UPSTREAM_URL": upstream.url,
            "LIMI_LOG_FORMAT": "json",
            "OPENAI_API_KEY": "sk-proj-traces-0123456789",
        }
    )
    async with Receiver.running() as receiver:
        environ = {**settings, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        async with Server.running(tmp_path, **environ) as server:
            for _ in range(10):
                async with server.client() as client:
                    answer = await client.post(MINT, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
                    assert answer.status_code == 200
            await server.stop()
            lines = [msgspec.json.decode(line) for line in server.log if '"mint.succeeded"' in line]
        assert len(receiver.spans) == 20
        assert {span.trace_id.hex() for span in receiver.spans} == {TRACE}
    assert [line["trace_id"] for line in lines] == [TRACE] * 10
    mints = {span.span_id.hex() for span in receiver.spans if span.parent_span_id.hex() == PARENT}
    assert {line["span_id"] for line in lines} == mints
    assert {asked.headers["traceparent"][3:35] for asked in upstream.asked if asked.method == "POST"} == {TRACE}
    assert 1 <= len({resource["service.instance.id"] for resource in receiver.resources}) <= workers
