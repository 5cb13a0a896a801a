"""What a person reads of the API."""

import html
from typing import Any

from limi.http.docs_page import docs_page

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


def test_the_docs_are_shown_as_text() -> None:
    page = docs_page(_SCHEMA, "http://localhost").decode()
    assert _ATTACK not in page
    assert f"POST /{_ATTACK}" in html.unescape(page)
    assert f'POST http://localhost/{_ATTACK}\n\n{{\n  "a": "{_ATTACK}"\n}}' in html.unescape(page)


def test_the_docs_begin_with_their_contents() -> None:
    schema = {
        "info": {"title": "Limi", "description": "It has `code`."},
        "paths": {
            "/api/keys/{key}": {"get": {"summary": "Show", "responses": {}}, "post": {"responses": {}}},
        },
    }
    page = docs_page(schema, "http://localhost").decode()
    assert "It has <code>code</code>." in page
    for name in ("get-api-keys-key", "post-api-keys-key"):
        assert page.index(f'<a href="#{name}">/<wbr>api/<wbr>keys/<wbr>{{key}}</a>') < page.index(
            f'<h2 id="{name}">'
        )


def test_what_a_request_takes_is_listed_with_where_it_stands_and_its_rule() -> None:
    operation = {
        "parameters": [
            {"name": "key", "in": "path", "required": True, "description": "Its `id`."},
            {"name": "limit", "in": "query", "description": _ATTACK},
        ],
        "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
        "responses": {},
    }
    thing = {"properties": {"name": {"description": "Its name."}, "size": {}}, "required": ["name"]}
    schema = {
        "info": {"title": "Limi", "description": ""},
        "paths": {"/keys/{key}": {"patch": operation}},
        "components": {"schemas": {"Thing": thing}},
    }
    page = docs_page(schema, "http://localhost").decode()
    for cells in (
        "<td><code>key</code></td><td>path, required</td><td>Its <code>id</code>.</td>",
        "<td><code>limit</code></td><td>query</td><td>&lt;script",
        "<td><code>name</code></td><td>body, required</td><td>Its name.</td>",
        "<td><code>size</code></td><td>body</td><td></td>",
    ):
        assert cells in page
