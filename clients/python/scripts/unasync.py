"""Makes the client without `await` from the one with it: `python scripts/unasync.py [--check]`.

One source for both: whatever is mended in one is mended in the other. `--check` writes nothing and fails when a
generated file is not what its source says.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parents[1] / "src" / "limi_client"
_FILES: Final = {"_async_client.py": "_sync_client.py", "_async_service.py": "_sync_service.py"}
_WORDS: Final = (
    (r"Edit here only|edit here only", "edit that one only"),
    (
        r"The client with `await`\. `_sync_client\.py` is made from this file",
        "The client without `await`, made from `_async_client.py`",
    ),
    (r"`_sync_service\.py` is made from this file", "Made from `_async_service.py`"),
    (r"import asyncio", "import time"),
    (r"asyncio\.sleep", "time.sleep"),
    (r"Awaitable\[None\]", "None"),
    (r"from collections\.abc import Awaitable, ", "from collections.abc import "),
    (r"async (def|with|for) ", r"\1 "),
    (r"async with`", "with`"),
    (r"\bawait ", ""),
    (r"__aenter__", "__enter__"),
    (r"__aexit__", "__exit__"),
    (r"\baclose\b", "close"),
    (r"\baiter_raw\b", "iter_raw"),
    (r"\bAsync([A-Z]\w*)", r"\1"),
    (r"_async_(client|service)\b(?!\.py)", r"_sync_\1"),
    (r"\bVoiceSession\b", "BlockingVoiceSession"),
)
"""What is replaced, in this order."""


def main() -> None:
    """Write the generated files, or compare them."""
    check = "--check" in sys.argv[1:]
    stale = [target for source, target in _FILES.items() if not _bring_up_to_date(source, target, check=check)]
    if stale:
        sys.exit(f"{', '.join(stale)}: not what the source says; run python scripts/unasync.py")


def _bring_up_to_date(source: str, target: str, *, check: bool) -> bool:
    made = convert((_PACKAGE / source).read_text())
    path = _PACKAGE / target
    if check:
        return path.exists() and path.read_text() == made
    path.write_text(made)
    return True


def convert(text: str) -> str:
    """Return the source without `await`, formatted as the formatter has it."""
    for pattern, replacement in _WORDS:
        text = re.sub(pattern, replacement, text)
    formatter = [sys.executable, "-m", "ruff"]
    for command in (["check", "--select", "I", "--fix-only", "--quiet"], ["format", "--quiet"]):
        done = subprocess.run(  # noqa: S603 - our own command
            [*formatter, *command, "--stdin-filename", str(_PACKAGE / "_sync_client.py"), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        )
        text = done.stdout
    return text


if __name__ == "__main__":
    main()
