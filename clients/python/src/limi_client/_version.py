"""The version of this package, read by the build as well."""

from typing import Final

__all__ = ["VERSION"]

VERSION: Final = "1.0.0"
