"""The frame of the few pages the backend writes itself: plain HTML, no script, readable without style."""

import re
from html import escape
from typing import Final

__all__ = ["code", "link", "page", "prose", "table"]

_STYLE: Final = """
:root{color-scheme:light dark;--line:color-mix(in srgb,currentColor 18%,transparent)}
body{font:16px/1.55 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1.2rem}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .4rem}h2{font-size:1.1rem;margin:2.2rem 0 .5rem}
h2 code{font-size:1.05rem}h3{font-size:1rem;margin:1.2rem 0 .2rem}
pre{overflow:auto;padding:.9rem 1rem;border:1px solid var(--line);border-radius:.5rem}
code,pre{font:14px/1.5 ui-monospace,monospace}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line)}
a{color:inherit;text-underline-offset:.2em}
@media(max-width:40rem){tr{display:block;padding:.5rem 0;border-bottom:1px solid var(--line)}
td{display:block;padding:0;border:0}h2,td{overflow-wrap:anywhere}}
footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line)}footer a{margin-right:1.2rem}
.quiet{opacity:.7}.badge{border:1px solid var(--line);border-radius:1rem;padding:.1rem .6rem}
""".strip().replace("\n", "")
_MARKED: Final = re.compile(r"`([^`]+)`")


def page(title: str, *parts: str) -> bytes:
    """Return a whole page; `title` is text, `parts` are HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main><footer>{_elsewhere()}</footer></body></html>\n"
    ).encode()


def prose(text: str) -> str:
    """Return a sentence; what stands in backquotes is code."""
    return _MARKED.sub(r"<code>\1</code>", escape(text))


def code(text: str) -> str:
    """Return `text` as code on its own lines, which the keyboard can scroll where they are too long."""
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>'


def link(href: str, text: str) -> str:
    """Return a link."""
    return f'<a href="{escape(href, quote=True)}">{escape(text)}</a>'


def table(*rows: tuple[str, ...]) -> str:
    """Return rows of cells; the cells are HTML."""
    return f"<table>{''.join(f'<tr>{_cells(row)}</tr>' for row in rows)}</table>"


def _elsewhere() -> str:
    return " ".join((link("/", "Limi"), link("/docs", "API"), link("/errors", "Error codes")))


def _cells(row: tuple[str, ...]) -> str:
    return "".join(f"<td>{cell}</td>" for cell in row)
