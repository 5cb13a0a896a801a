"""Live sessions: each does what its protocol session wants and keeps its time; knows no socket, HTTP or fault."""

__all__: list[str] = []
