"""The sandbox: an offline OpenAI Realtime API; knows `limi.protocol` and the kernel's clock, ids and secrets only.

`limi.sandbox.app` builds it. Nothing is imported here, because its worker processes import this package too, and a
web framework would make each of them half a second slower to start.
"""

__all__: list[str] = []
