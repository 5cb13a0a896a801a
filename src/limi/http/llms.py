"""The text that language models are given of Limi, `/llms.txt` (https://llmstxt.org).

`scripts/generate_docs.py` writes it from `docs/README.md` and `docs/AI_ASSISTANTS.md`; it lies beside this file,
because whoever installs a wheel has no documents.
"""

from importlib.resources import files

__all__ = ["read_llms"]


def read_llms() -> bytes:
    """Return the text, in Markdown and UTF-8."""
    return files("limi.http").joinpath("llms.txt").read_bytes()
