"""Rows of CSV (RFC 4180) that a spreadsheet shows and does not run."""

import csv
import io
from collections.abc import Iterable
from typing import Final

__all__ = ["csv_row"]

_BEGINNINGS: Final = frozenset("=+-@\t\r")


def csv_row(values: Iterable[object]) -> bytes:
    """Return one row with its end of line; None is an empty cell."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(map(_harmless, values))
    return out.getvalue().encode()


def _harmless(value: object) -> object:
    """Keep a spreadsheet from running a text of a caller's as a formula (CWE-1236)."""
    if isinstance(value, str) and value[:1] in _BEGINNINGS:
        return f"'{value}"
    return "" if value is None else value
