"""The scenarios every client plays, and what is said in them; `src/scenarios.ts` is their twin."""

from enum import StrEnum
from typing import Final

__all__ = ["BANANA", "COUNT", "FORECAST", "INSTRUCTIONS", "WEATHER", "Scenario"]


class Scenario(StrEnum):
    """A scenario, named as in the table."""

    CONNECT = "connect"
    TEXT_TURN = "text turn"
    SPOKEN_TURN = "spoken turn"
    BARGE_IN = "barge-in"
    FUNCTION_CALL = "function call"
    CANCEL = "cancel"
    SESSION_UPDATE = "session update"
    INVALID_EVENT = "invalid event"
    EXPIRED_KEY = "expired key"
    HANG_UP = "hang-up"
    RECONNECT = "reconnect"


INSTRUCTIONS: Final = "You are being tested. Do exactly what the user says, in as few words as possible."
BANANA: Final = "Say the word banana."
COUNT: Final = "Count from 1 to 100."
WEATHER: Final = "What is the weather in Paris?"
FORECAST: Final = "sunny, 20 degrees"
"""What the weather function returns; the answer must name the first word of it."""
