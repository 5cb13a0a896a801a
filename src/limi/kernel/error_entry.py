"""What the catalogue says of one error code."""

from dataclasses import dataclass

__all__ = ["ErrorEntry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEntry:
    """One code with what a reader needs to mend it."""

    code: str
    title: str
    message: str
    status: int | None = None
    """The HTTP status Limi answers with; None for errors that only clients raise."""
    action: str | None = None
    """What to do, in a sentence; sent with the error."""
    retry_after_ms: int | None = None
    """How long to wait before a repeat can help, where that is known beforehand."""
    checks: tuple[str, ...]
    """What to look at, most likely cause first."""
    example: str
    """Code or a command that does it right."""
    ends_attempt: bool = True
    """Whether an attempt to connect has failed with it. Not so for what befalls a call that was connected, or
    where the client goes on by itself."""
