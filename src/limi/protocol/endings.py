"""The ways in which a response ends.

Source: the table of statuses and details in the reference of the Realtime API.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from limi.protocol.effects import StopReason
from limi.protocol.items import ItemStatus

__all__ = ["Ending", "IncompleteReason"]


class IncompleteReason(StrEnum):
    """Why a response ended before it was complete, without anyone asking for that."""

    MAX_OUTPUT_TOKENS = "max_output_tokens"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a response ends."""

    status: str
    details: dict[str, Any] | None
    """`status_details`, which explain every status but `completed`."""

    @property
    def item_status(self) -> ItemStatus:
        """The status of an item that was still open."""
        return ItemStatus.COMPLETED if self.status == "completed" else ItemStatus.INCOMPLETE

    @classmethod
    def completed(cls) -> "Ending":
        """Everything was said."""
        return cls("completed", None)

    @classmethod
    def cancelled(cls, reason: StopReason) -> "Ending":
        """The client or a new turn of the user stopped it."""
        return cls("cancelled", {"type": "cancelled", "reason": reason.value})

    @classmethod
    def incomplete(cls, reason: IncompleteReason) -> "Ending":
        """A limit stopped it."""
        return cls("incomplete", {"type": "incomplete", "reason": reason.value})

    @classmethod
    def failed(cls, code: str, message: str) -> "Ending":
        """The generator could not go on."""
        error = {"type": "server_error", "code": code, "message": message}
        return cls("failed", {"type": "failed", "error": error})
