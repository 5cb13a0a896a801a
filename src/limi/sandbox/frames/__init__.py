"""Reads what is too large to be read at once, so that nobody else waits; knows no session."""

__all__: list[str] = []
