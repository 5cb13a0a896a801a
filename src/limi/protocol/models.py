"""The realtime models OpenAI serves, with the days on which they end.

Facts as of 2026-11: https://developers.openai.com/api/docs/deprecations. A configuration may replace any of them,
because the list moves faster than releases of Limi do.
"""

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

__all__ = ["REALTIME_MODELS", "RealtimeModel"]


@dataclass(frozen=True, slots=True)
class RealtimeModel:
    """One model as upstream names it."""

    name: str
    shutdown: date | None = None
    """The first day on which upstream refuses the model; None while no end is announced."""
    replacement: str | None = None
    """The model that upstream recommends instead."""


_FAMILY_END: Final = date(2027, 1, 20)

REALTIME_MODELS: Final = MappingProxyType(
    {
        model.name: model
        for model in (
            RealtimeModel("gpt-realtime-2.1"),
            RealtimeModel("gpt-realtime-2.1-mini"),
            RealtimeModel("gpt-realtime-2"),
            RealtimeModel("gpt-realtime-1.5"),
            RealtimeModel("gpt-realtime", _FAMILY_END, "gpt-realtime-2.1"),
            RealtimeModel("gpt-realtime-2025-08-28", _FAMILY_END, "gpt-realtime-2.1"),
            RealtimeModel("gpt-realtime-mini", _FAMILY_END, "gpt-realtime-2.1-mini"),
            RealtimeModel("gpt-realtime-mini-2025-10-06", _FAMILY_END, "gpt-realtime-2.1-mini"),
            RealtimeModel("gpt-realtime-mini-2025-12-15", _FAMILY_END, "gpt-realtime-2.1-mini"),
        )
    }
)
"""By upstream name, newest first."""
