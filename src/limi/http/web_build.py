"""The built voice page as it lies on disk: read whole at the start, so that no request opens a file.

The build (`web/`, by Vite) names its assets by what is in them and puts a gzipped twin beside what is worth it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

__all__ = ["WebBuild", "WebFile", "read_build"]

_INDEX: Final = "index.html"
_ASSETS: Final = "assets"
_GZIPPED: Final = ".gz"
_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
"""What a build may hold; the framework adds the charset to text. The machine's own table differs by machine."""


@dataclass(frozen=True, slots=True)
class WebFile:
    """One file, ready to be sent."""

    body: bytes
    media_type: str
    etag: str
    """A weak one, because it is the same for both forms of the body (RFC 9110 §8.8.1)."""
    gzipped: bytes | None = None


@dataclass(frozen=True, slots=True)
class WebBuild:
    """The page and what it loads, by name."""

    index: WebFile
    assets: Mapping[str, WebFile]


def read_build(folder: Path) -> WebBuild | None:
    """Return the build in `folder`; None where there is none, which a checkout without Node is."""
    try:
        index = _read(folder / _INDEX)
        found = [path for path in (folder / _ASSETS).iterdir() if path.suffix in _MEDIA_TYPES]
    except (FileNotFoundError, NotADirectoryError):
        return None
    return WebBuild(index, {path.name: _read(path) for path in found})


def _read(path: Path) -> WebFile:
    body = path.read_bytes()
    twin = path.with_name(path.name + _GZIPPED)
    return WebFile(
        body=body,
        media_type=_MEDIA_TYPES[path.suffix],
        etag=f'W/"{sha256(body).hexdigest()[:32]}"',
        gzipped=twin.read_bytes() if twin.exists() else None,
    )
