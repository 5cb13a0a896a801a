"""Reads the documents as a reader would: their links, their code blocks, and the names they mention."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["DOCUMENTS", "ROOT", "Block", "anchors", "blocks", "code", "links", "name_of"]

ROOT: Final = Path(__file__).parents[3]

_OTHERS: Final = {"node_modules", "dist", "output"}
"""Folders below the examples that hold what is not ours."""

DOCUMENTS: Final = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(path for path in (ROOT / "examples").rglob("*.md") if not _OTHERS & set(path.relative_to(ROOT).parts)),
    ],
    key=str,
)

_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced code block."""

    document: Path
    language: str
    text: str


def name_of(document: Path) -> str:
    """Return a document's path in the repository, for a test's name."""
    return str(document.relative_to(ROOT))


def blocks(document: Path, *languages: str) -> Iterator[Block]:
    """Yield the code blocks of some languages, or of all."""
    for found in _FENCE.finditer(document.read_text(encoding="utf-8")):
        if not languages or found[1] in languages:
            yield Block(document, found[1], found[2])


def code(document: Path) -> Iterator[str]:
    """Yield every code block and every piece of code within a sentence."""
    yield from (block.text for block in blocks(document))
    yield from re.findall(r"`([^`\n]+)`", _prose(document))


def links(document: Path) -> Iterator[str]:
    """Yield the target of every link."""
    yield from _LINK.findall(_prose(document))


def anchors(document: Path) -> frozenset[str]:
    """Return the names that the headings can be linked by, as code hosting sites make them."""
    headings = _HEADING.findall(_prose(document))
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def _prose(document: Path) -> str:
    return _FENCE.sub("", document.read_text(encoding="utf-8"))
