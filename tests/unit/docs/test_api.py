"""The API document names every route and no other; requests that documents show reach a route."""

import json
import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from limi.adapters.configuration import load_settings
from limi.adapters.upstream.transports import ASGITransport
from limi.app import create_app
from limi.features.client_secrets.model import Capability, MintRequest
from limi.features.journal.memory import InMemoryJournalStore
from limi.http.mint import MintAnswer
from limi.http.urls import CallURLs
from limi.kernel.facts import EventName
from limi.testing.backend import known_keys
from tests.unit.docs.reading import DOCUMENTS, ROOT, blocks, code, name_of

_API = ROOT / "docs" / "PLATFORM_API.md"
_ROUTE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (/[\w./{}-]*)$")
_EXAMPLES = {"localhost:3003": {"POST /voice-key", "GET /health"}}
"""Servers of the examples, which have routes of their own; their tests ask them."""
_NO_ROUTE = {"not_found", "method_not_allowed", "unknown_url", "method_not_supported"}


@pytest.fixture
def transport() -> ASGITransport:
    """Return a way to ask the whole backend, which is not running: routes answer, the journal does not."""
    app = create_app(load_settings({}), keys=known_keys(), store=InMemoryJournalStore())
    return ASGITransport(app.asgi, base_path="", timeout_seconds=5)


async def _code(transport: ASGITransport, method: str, path: str) -> str | None:
    """Return the code with which a request is refused."""
    answer = await transport.send(method, path, headers={})
    if answer.status == 200:
        return None
    body = json.loads(answer.body)
    found = body.get("code") or body.get("error", {}).get("code")
    return found if isinstance(found, str) else None


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
async def test_every_route_named_in_code_exists(transport: ASGITransport, document: Path) -> None:
    for text in code(document):
        if text in set().union(*_EXAMPLES.values()):
            continue
        if (found := _ROUTE.match(text)) and not found[2].startswith("/v1/") and "/realtime/c" not in found[2]:
            path = found[2].replace("{code}", "not_found").replace("{name}", "gpt-realtime-2.1")
            path = path.replace("{delivery}", "1")
            if path != "/sandbox/v1/realtime":  # the socket, which plain HTTP does not find
                assert await _code(transport, found[1], path) not in _NO_ROUTE, text


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
async def test_every_curl_reaches_a_route(transport: ASGITransport, document: Path) -> None:
    for block in blocks(document, "bash"):
        for command in re.findall(r"^ *(curl .*)$", block.text.replace("\\\n", " "), re.MULTILINE):
            words = shlex.split(command)
            url = urlsplit(next(word for word in words if word.startswith("http")))
            method = words[words.index("-X") + 1] if "-X" in words else "GET"
            if url.netloc in _EXAMPLES:
                assert f"{method} {url.path}" in _EXAMPLES[url.netloc]
                continue
            assert url.netloc == "localhost:3001"
            if method == "POST" and "-d" in words:
                msgspec.json.decode(words[words.index("-d") + 1])
            assert await _code(transport, method, url.path) not in _NO_ROUTE, command


async def test_a_path_that_is_no_route_would_be_noticed(transport: ASGITransport) -> None:
    assert await _code(transport, "GET", "/api/client-secrets") in _NO_ROUTE
    assert await _code(transport, "GET", "/api/client-secret") in _NO_ROUTE
    assert await _code(transport, "GET", "/sandbox/v1/model") in _NO_ROUTE


async def test_the_api_document_has_every_route(transport: ASGITransport) -> None:
    answer = await transport.send("GET", "/openapi.json", headers={})
    text = _API.read_text(encoding="utf-8")
    for path, operations in json.loads(answer.body)["paths"].items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in text


def test_the_api_document_has_every_member_of_a_mint() -> None:
    text = _API.read_text(encoding="utf-8")
    for member in (*MintRequest.__struct_encode_fields__, *MintAnswer.__struct_encode_fields__, *Capability):
        assert f"`{member}`" in text


def test_the_api_document_has_every_event_of_the_audit_log() -> None:
    text = _API.read_text(encoding="utf-8")
    assert all(f"| `{event}` |" in text for event in EventName)


@pytest.mark.parametrize("document", [ROOT / "README.md", _API], ids=name_of)
def test_the_answer_of_a_mint_has_the_members_that_it_has(document: Path) -> None:
    answers = [json.loads(block.text) for block in blocks(document, "json") if "ephemeralKey" in block.text]
    assert answers
    for answer in answers:
        assert tuple(answer) == MintAnswer.__struct_encode_fields__
        assert tuple(answer["urls"]) == CallURLs.__struct_encode_fields__


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_json_block_is_json(document: Path) -> None:
    for block in blocks(document, "json"):
        json.loads(block.text)
