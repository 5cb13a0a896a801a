"""What the API's description says of the errors that a route may answer with."""

from collections.abc import Iterable

from litestar.openapi.datastructures import ResponseSpec

from limi.http.errors import ErrorBody
from limi.kernel.errors import CATALOGUE

__all__ = ["error_responses"]


def error_responses(codes: Iterable[str]) -> dict[int, ResponseSpec]:
    """Return one response for each status that the catalogue's `codes` have, with what they mean."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        entry = CATALOGUE[code]
        by_status.setdefault(entry.status or 500, []).append(f"{code}: {entry.message}")
    return {
        status: ResponseSpec(data_container=ErrorBody, description=" · ".join(texts), generate_examples=False)
        for status, texts in by_status.items()
    }
