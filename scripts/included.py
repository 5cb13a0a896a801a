"""Puts tested code and tables of other files into the documents, so that a document never holds a copy of them."""

import re
from pathlib import Path
from typing import Final

__all__ = ["code_block", "excerpt", "table", "whole_file"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_LANGUAGES: Final = {
    ".css": "css",
    ".html": "html",
    ".js": "js",
    ".json": "json",
    ".mjs": "js",
    ".py": "python",
    ".ts": "ts",
    ".tsx": "tsx",
    ".vue": "vue",
}
_BLOCK: Final = r"^```{}(?: [^\n]*)?\n.*?^```$"
_TABLE: Final = re.compile(r"(?:^\|.*\|\n)+", re.MULTILINE)


def whole_file(path: str) -> str:
    """Return a file as a code block."""
    return _fenced(path, (_ROOT / path).read_text(encoding="utf-8"))


def excerpt(path: str, first: str, last: str) -> str:
    """Return a part of a file as a code block: from the line that begins with `first` to the next that is `last`.

    Raises:
        ValueError: there are no such lines.
    """
    text = (_ROOT / path).read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(first)}.*?^{re.escape(last)}$", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"{path} has nothing from {first} to {last}")
    return _fenced(path, found[0])


def code_block(path: str, heading: str, language: str, number: int = 0) -> str:
    """Return one code block of a document: of those in `language` below `heading`, that with `number` from 0.

    Raises:
        ValueError: there is no such block.
    """
    found = re.findall(_BLOCK.format(language), _section(path, heading), re.MULTILINE | re.DOTALL)
    if number >= len(found):
        raise ValueError(f"{path} has no {language} block {number} below {heading}")
    return str(found[number])


def table(path: str, heading: str, number: int = 0) -> str:
    """Return one table of a document: of those below `heading`, that with `number` from 0.

    Raises:
        ValueError: there is no such table.
    """
    found = _TABLE.findall(_section(path, heading))
    if number >= len(found):
        raise ValueError(f"{path} has no table {number} below {heading}")
    return str(found[number])


def _fenced(path: str, text: str) -> str:
    return f"```{_LANGUAGES[Path(path).suffix]}\n{text.strip()}\n```"


def _section(path: str, heading: str) -> str:
    """Return what stands below a heading; a `#` that begins a line inside a code block begins no section."""
    lines, inside, fenced = [], False, False
    for line in (_ROOT / path).read_text(encoding="utf-8").splitlines():
        fenced ^= line.startswith("```")
        if not fenced and line.startswith("#"):
            inside = line.lstrip("#").strip() == heading
        elif inside:
            lines.append(line)
    if not lines:
        raise ValueError(f"{path} has no heading {heading}")
    return "\n".join(lines) + "\n"
