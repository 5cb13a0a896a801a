"""A string that must not be shown: no log, message or `repr` can print it by accident."""

import hmac
from typing import Final, final

__all__ = ["Secret"]

_HIDDEN: Final = "********"


@final
class Secret:
    """Holds a key or password; only `reveal()` gives it back."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the value itself; call it only where it leaves for the place it belongs to."""
        return self._value

    def matches(self, candidate: str) -> bool:
        """Say whether `candidate` is this secret, in a time that does not depend on where they differ."""
        return hmac.compare_digest(self._value.encode(), candidate.encode())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._value)

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return f"Secret({_HIDDEN!r})"

    def __str__(self) -> str:
        return _HIDDEN

    def __reduce__(self) -> str:
        msg = "a Secret is not pickled: that would write it down"
        raise TypeError(msg)
