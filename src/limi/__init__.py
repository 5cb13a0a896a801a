"""Limi: a backend that mints ephemeral keys for OpenAI's realtime models and keeps control of the calls.

The packages are layers, and imports point down: `cli` > `app` > `http`, `adapters`, `sandbox` > `features` >
`kernel` > `protocol`. ARCHITECTURE.md draws them; import-linter holds them.
"""

__all__ = ["__version__"]

__version__ = "1.0.0"
