"""Leaves out what a model thinks before it answers, where its server does not tell the two apart.

Models that reason write their thoughts between `<think>` and `</think>` first. Ollama, and vLLM with a reasoning
parser, send these in a member of their own, which nobody reads here; others leave them in the words, and a voice
would read them aloud.
"""

from typing import Final

__all__ = ["ThoughtFilter"]

_BEGIN: Final = "<think>"
_END: Final = "</think>"


class ThoughtFilter:
    """Takes the words of one answer in any pieces and gives back those that are meant for the listener."""

    def __init__(self) -> None:
        """Wait for the first words."""
        self._held = ""
        self._is_thinking = False
        self._has_thought = False
        self._has_begun = False

    def add(self, words: str) -> str:
        """Return what is to be said of what is known now; it may be empty."""
        if self._has_begun:
            return words
        self._held += words
        if not self._is_thinking:
            text = self._held.lstrip()
            if _BEGIN.startswith(text[: len(_BEGIN)]) and len(text) < len(_BEGIN):
                # Too little to tell, or nothing but space.
                return ""
            self._is_thinking = text.startswith(_BEGIN)
        return self._after_thought() if self._is_thinking else self._begin(self._held)

    def rest(self) -> str:
        """Return what was held back when no more words come: a beginning that turned out not to be a thought."""
        return "" if self._has_begun or self._is_thinking else self._begin(self._held)

    def _after_thought(self) -> str:
        _, end, answer = self._held.partition(_END)
        if not end:
            # Only as much is kept as may be the beginning of the end.
            self._held = self._held[-len(_END) :]
            return ""
        self._is_thinking = False
        self._has_thought = True
        self._held = ""
        return self.add(answer)

    def _begin(self, words: str) -> str:
        self._has_begun = True
        self._held = ""
        return words.lstrip() if self._has_thought else words
