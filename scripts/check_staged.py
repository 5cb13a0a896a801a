"""Refuses files that should not be committed: those that hold a key, and large ones; pre-commit names them."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MOST_BYTES: Final = 500_000
"""Above every file of this repository; recordings and models belong elsewhere."""

_SECRETS: Final = {
    "an OpenAI key": re.compile(rb"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{40,}"),
    "an operator's key": re.compile(rb"\blimi_admin_[0-9a-f]{40}\b"),
    "a private key": re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}


def main() -> None:
    """Look at the named files and fail when one is refused."""
    complaints = [complaint for name in sys.argv[1:] for complaint in complaints_about(Path(name))]
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    sys.exit(1 if complaints else 0)


def complaints_about(path: Path) -> Iterator[str]:
    """Yield what speaks against committing a file, without quoting it."""
    if not path.is_file():
        return
    content = path.read_bytes()
    if len(content) > _MOST_BYTES:
        yield f"{path}: {len(content)} bytes are more than {_MOST_BYTES}."
    for what, pattern in _SECRETS.items():
        if pattern.search(content):
            yield f"{path}: it holds what looks like {what}."


if __name__ == "__main__":
    main()
