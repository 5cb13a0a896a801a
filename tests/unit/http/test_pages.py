"""What a person sees."""

import html
from typing import Any

import pytest

from limi.http.pages import docs_page, error_page
from limi.kernel.errors import CATALOGUE, ErrorEntry

_ATTACK = "<script>alert(1)</script>"
_SCHEMA: dict[str, Any] = {
    "info": {"title": f"Limi {_ATTACK}", "description": _ATTACK},
    "paths": {
        f"/{_ATTACK}": {
            "post": {
                "summary": _ATTACK,
                "requestBody": {
                    "content": {"application/json": {"examples": {_ATTACK: {"value": {"a": _ATTACK}}}}}
                },
                "responses": {"200": {"description": _ATTACK}, "400": {}},
            }
        }
    },
}


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_error_page_says_how_to_mend_it(code: str) -> None:
    entry = CATALOGUE[code]
    page = html.unescape(error_page(entry).decode())
    for text in (entry.code, entry.title, entry.message, entry.action or "", *entry.checks, entry.example):
        assert text in page
    assert (f"HTTP {entry.status}" if entry.status else "raised by the client") in page
    assert ("retry after" in page) is bool(entry.retry_after_ms)


def test_an_entry_is_shown_as_text() -> None:
    entry = ErrorEntry(
        code="x", title=_ATTACK, message=_ATTACK, action=_ATTACK, checks=(_ATTACK,), example=_ATTACK
    )
    assert _ATTACK.encode() not in error_page(entry)


def test_the_docs_are_shown_as_text() -> None:
    page = docs_page(_SCHEMA, "http://localhost").decode()
    assert _ATTACK not in page
    assert f"POST /{_ATTACK}" in html.unescape(page)
    assert f'POST http://localhost/{_ATTACK}\n\n{{\n  "a": "{_ATTACK}"\n}}' in html.unescape(page)
