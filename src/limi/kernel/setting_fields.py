"""What every group of settings is made of: a frozen table, and fields that describe themselves."""

from typing import Annotated, Any

import msgspec

__all__ = ["NonEmpty", "SettingsGroup", "setting"]

NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]


def setting(description: str, *, env: str | None = None, **rules: Any) -> msgspec.Meta:  # noqa: ANN401 - Meta's own
    """Return what a field says of itself.

    Args:
        description: unit and reason, for the reference table.
        env: its environment variable where that is not made of group and name.
        rules: bounds, as `msgspec.Meta` has them.
    """
    return msgspec.Meta(description=description, extra={"env": env} if env else {}, **rules)


class SettingsGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration file; a name it does not have is refused rather than ignored."""
