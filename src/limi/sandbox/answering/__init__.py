"""What a session answers: brains decide it, generation makes words, sound and calls of it; knows no socket."""

__all__: list[str] = []
