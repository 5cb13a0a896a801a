"""The whole backend traced: its spans at a real receiver, its context at a real upstream."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from limi.adapters.configuration import load_settings
from limi.app import create_app
from limi.features.journal.memory import InMemoryJournalStore
from limi.kernel.settings import SettingsError
from limi.testing import FakeUpstream, Reply
from limi.testing.backend import known_keys
from tests.integration.http.harness import MINT, open_site
from tests.integration.traces.receiver import Receiver

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
INSTRUCTIONS = "Speak like a pirate and never say why."


def traced(receiver: Receiver) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=made%20up",
        "OTEL_SERVICE_NAME": "voice",
    }


def attributes(span: Span) -> dict[str, str | int]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in span.attributes}


async def test_a_mint_is_a_span_with_an_upstream_child_in_the_callers_trace() -> None:
    async with Receiver.running() as receiver:
        async with open_site(environ=traced(receiver)) as site:
            answer = await site.mint(headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
            assert answer.status_code == 200
            asked = site.upstream.asked[0].headers
        mint, upstream = sorted(receiver.spans, key=lambda span: span.kind)
    assert (mint.name, upstream.name) == ("POST /api/client-secret", "POST /realtime/client_secrets")
    assert (mint.kind, upstream.kind) == (Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT)
    assert {mint.trace_id.hex(), upstream.trace_id.hex()} == {TRACE}
    assert (mint.parent_span_id.hex(), upstream.parent_span_id) == (PARENT, mint.span_id)
    assert asked["traceparent"].split("-")[1:3] == [TRACE, upstream.span_id.hex()]
    assert attributes(mint)["limi.request_id"] == answer.headers["x-request-id"]
    assert attributes(mint)["limi.mint.outcome"] == "succeeded"
    assert attributes(mint)["http.response.status_code"] == 200
    assert receiver.resources[0]["service.name"] == "voice"
    assert receiver.headers[0][b"api-key"] == b"made up"


async def test_no_key_no_instruction_and_no_address_is_in_a_span() -> None:
    profiles = f'{{"default": {{"instructions": "{INSTRUCTIONS}"}}}}'
    async with Receiver.running() as receiver:
        async with open_site(environ={**traced(receiver), "LIMI_PROFILES": profiles}) as site:
            key = (await site.mint({"sessionId": "a-person"}, {"user-agent": "Somebody/1"})).json()["ephemeralKey"]
            body = site.upstream.asked[0].body.decode()
        assert len(receiver.spans) == 2
        said = str([str(span) for span in receiver.spans])
    assert INSTRUCTIONS in body
    for hidden in (key, "sk-test-main-key", INSTRUCTIONS, "a-person", "Somebody/1", "safety"):
        assert hidden not in said


async def test_a_refused_mint_says_its_code_and_has_no_child() -> None:
    async with Receiver.running() as receiver:
        async with open_site(environ=traced(receiver)) as site:
            await site.mint({"model": "ghost"})
        (span,) = receiver.spans
    assert attributes(span)["error.type"] == "invalid_request"
    assert attributes(span)["limi.mint.outcome"] == "refused"
    assert span.status.code == 0


async def test_upstreams_error_is_an_error_of_both_spans() -> None:
    async with Receiver.running() as receiver:
        async with open_site(environ=traced(receiver)) as site:
            site.upstream.always = Reply(status=500, body=b"{}")
            await site.mint()
        mint, upstream = sorted(receiver.spans, key=lambda span: span.kind)
    assert attributes(mint)["error.type"] == "token_generation_failed"
    assert (mint.status.code, upstream.status.code) == (2, 2)
    assert attributes(upstream)["error.type"] == "500"


async def test_the_sandbox_inside_is_an_upstream_too() -> None:
    async with Receiver.running() as receiver:
        async with open_site(environ=traced(receiver), sandbox=True) as site:
            assert (await site.mint()).status_code == 200
        mint, upstream = receiver.spans
    assert mint.trace_id == upstream.trace_id


async def test_other_routes_leave_no_spans() -> None:
    async with Receiver.running() as receiver:
        async with open_site(environ=traced(receiver)) as site:
            await site.get("/healthz")
            await site.get(f"{MINT}/health")
            await site.mint()
        assert len(receiver.spans) == 2


@pytest.mark.parametrize("status", [None, 503])
async def test_a_receiver_that_is_away_costs_no_mint(status: int | None) -> None:
    async with Receiver.running() as receiver:
        receiver.status = status or 200
        environ = traced(receiver) if status else {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
        async with open_site(environ=environ) as site:
            answers = [await site.mint() for _ in range(20)]
            metrics = (await site.get("/metrics")).text
    assert {answer.status_code for answer in answers} == {200}
    assert 'limi_trace_spans_total{outcome="exported"} 0.0' in metrics


async def test_neither_a_proxy_nor_a_password_of_the_machine_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password hidden\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    async with Receiver.running() as receiver:
        async with open_site(environ=traced(receiver)) as site:
            assert (await site.mint()).status_code == 200
        assert len(receiver.spans) == 2
        assert b"authorization" not in receiver.headers[0]


def test_headers_that_are_none_are_refused_without_being_said() -> None:
    settings = load_settings(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_HEADERS": "hidden-value"}
    )
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_HEADERS") as caught:
        create_app(settings, keys=known_keys(), store=InMemoryJournalStore())
    assert "hidden-value" not in str(caught.value)


def test_a_server_without_traces_loads_nothing_of_them() -> None:
    program = """
import sys
from limi.adapters.configuration import load_settings
from limi.app import create_app
from limi.features.journal.memory import InMemoryJournalStore
from limi.testing.backend import known_keys
app = create_app(load_settings({}), keys=known_keys(), store=InMemoryJournalStore())
assert "limi_trace" not in app.metrics.render().decode()
# Not the whole of `opentelemetry`: redis-py looks into its table of names where that is installed.
heavy = ("opentelemetry.sdk", "opentelemetry.trace", "opentelemetry.exporter", "google.protobuf", "requests")
found = [name for name in sys.modules if name.startswith(heavy)]
assert not found, found
"""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


async def test_without_the_extra_the_start_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limi.observability.find_spec", lambda _: None)
    settings = load_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    with pytest.raises(SettingsError, match=r"limi\[otel\]"):
        create_app(settings, keys=known_keys(), store=InMemoryJournalStore())


async def test_without_traces_a_callers_context_goes_nowhere() -> None:
    upstream = FakeUpstream()
    async with upstream.running(), open_site() as site:
        async with httpx.AsyncClient(base_url=site.url, trust_env=False) as client:
            answer = await client.post(MINT, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        assert answer.status_code == 200
        assert "traceparent" not in site.upstream.asked[0].headers
