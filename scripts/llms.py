"""Writes `/llms.txt` (https://llmstxt.org): what Limi is, rules for assistants, where each document is."""

import re
from pathlib import Path
from typing import Final

__all__ = ["render_llms"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_ASSISTANTS: Final = "docs/AI_ASSISTANTS.md"
_INDEX: Final = _ROOT / "docs" / "README.md"
_LINK: Final = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
_GROUP: Final = re.compile(r"^\*\*(.+?):?\*\*(.*?)(?=^\*\*|^## |\Z)", re.MULTILINE | re.DOTALL)
_SERVED: Final = """\
## At a running backend

- [What runs here](/api): service, version, environment, whether callers need a credential
- [The API](/docs) and [the same as OpenAPI 3.1](/openapi.json): for operators; in development for everybody
- [What an error code means](/errors/rate_limit_exceeded): one page for each code; `reference` of an error links it
- [Health of the backend's upstream](/api/client-secret/health)
"""


def render_llms() -> str:
    """Return the whole text; paths of documents are those in the repository."""
    assistants = (_ROOT / _ASSISTANTS).read_text(encoding="utf-8")
    head = "# Limi\n\n> " + " ".join(_section(assistants, "What Limi is").split())
    rules = f"## Rules\n\n{_section(assistants, 'In short')}"
    index = _INDEX.read_text(encoding="utf-8")
    groups = [f"## Documents: {name.lower()}\n\n{_entries(text)}" for name, text in _GROUP.findall(index)]
    where = (
        "Documents are named by their paths in Limi's repository. Those that begin with a slash are served here."
    )
    return "\n\n".join([head, rules, where, _SERVED.strip(), *groups])


def _section(text: str, heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"{_ASSISTANTS} lacks ## {heading}")
    return found[1].strip()


def _entries(text: str) -> str:
    return "\n".join(f"- {_entry(target)}" for _, target in _LINK.findall(text))


def _entry(target: str) -> str:
    """Return a link by the document's own title, and its first sentence."""
    document = (_INDEX.parent / target).resolve()
    path = document.relative_to(_ROOT)
    title, _, body = document.read_text(encoding="utf-8").partition("\n")
    return f"[{title.removeprefix('#').strip()}]({path}): {_first_sentence(body)}"


def _first_sentence(body: str) -> str:
    paragraphs = (" ".join(part.split()) for part in body.split("\n\n"))
    plain = next(part for part in paragraphs if part and not part.startswith(("#", "<!--", "**To", "```", "|")))
    words = _LINK.sub(r"\1", plain)
    found = re.match(r".+?[.:](?=\s|$)", words)
    return (found[0] if found else words).rstrip(":.")
