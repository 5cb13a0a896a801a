"""What goes wrong on demand, around a sandbox that knows nothing of it: rules, and whatever heeds them."""

__all__: list[str] = []
