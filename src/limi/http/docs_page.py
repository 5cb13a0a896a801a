"""The API's documentation for people, written out from its OpenAPI description."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import msgspec

from limi.http import html

__all__ = ["docs_page"]

_Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Operation:
    """What one method of one path does."""

    method: str
    path: str
    described: _Schema

    @property
    def anchor(self) -> str:
        """Return what this page's links call it."""
        return re.sub("[^a-z0-9]+", "-", f"{self.method}{self.path}".lower()).strip("-")

    @property
    def body(self) -> _Schema:
        """Return what is said of the request's JSON; nothing where there is none."""
        content: _Schema = self.described.get("requestBody", {}).get("content", {})
        found: _Schema = content.get("application/json", {})
        return found


def docs_page(schema: _Schema, base_url: str) -> bytes:
    """Return the page: contents first, then each operation with what it takes and what it answers."""
    operations = [
        _Operation(method.upper(), path, described)
        for path, methods in schema["paths"].items()
        for method, described in methods.items()
    ]
    components = schema.get("components", {}).get("schemas", {})
    return html.page(
        "API – Limi",
        f"<h1>The API of {escape(schema['info']['title'])}</h1>",
        f"<p>{html.prose(schema['info']['description'])}</p>",
        f"<p>{html.link('/openapi.json', 'The same as OpenAPI 3.1')}</p>",
        html.table(*map(_contents, operations)),
        *(part for operation in operations for part in _section(operation, components, base_url)),
    )


def _contents(operation: _Operation) -> tuple[str, str, str]:
    # A long path may go on in the next line at any of its slashes.
    path = escape(operation.path).replace("/", "/<wbr>")
    link = f'<a href="#{operation.anchor}">{path}</a>'
    return f"<code>{operation.method}</code>", link, html.prose(operation.described.get("summary", ""))


def _section(operation: _Operation, components: _Schema, base_url: str) -> Iterator[str]:
    described = operation.described
    yield f'<h2 id="{operation.anchor}"><code>{operation.method} {escape(operation.path)}</code></h2>'
    yield f"<p>{html.prose(described.get('description') or described.get('summary', ''))}</p>"
    taken = [*_parameters(operation), *_members(operation, components)]
    if taken:
        yield f"<h3>Request</h3>{html.table(*taken)}"
    for name, example in operation.body.get("examples", {}).items():
        text = msgspec.json.format(msgspec.json.encode(example["value"]), indent=2).decode()
        yield f'<p class="quiet">{escape(name)}</p>'
        yield html.code(f"{operation.method} {base_url}{operation.path}\n\n{text}")
    answers = sorted(described["responses"].items())
    rows = ((f"<code>{status}</code>", html.prose(answer.get("description", ""))) for status, answer in answers)
    yield f"<h3>Answers</h3>{html.table(*rows)}"


def _parameters(operation: _Operation) -> Iterator[tuple[str, str, str]]:
    for parameter in operation.described.get("parameters", []):
        yield _row(parameter["name"], parameter["in"], parameter, required=parameter.get("required", False))


def _members(operation: _Operation, components: _Schema) -> Iterator[tuple[str, str, str]]:
    body = operation.body.get("schema", {})
    body = components.get(body.get("$ref", "").rpartition("/")[2], body)
    for name, member in body.get("properties", {}).items():
        yield _row(name, "body", member, required=name in body.get("required", ()))


def _row(name: str, place: str, described: _Schema, *, required: bool) -> tuple[str, str, str]:
    where = f"{place}, required" if required else place
    return f"<code>{escape(name)}</code>", escape(where), html.prose(described.get("description", ""))
