"""The sandbox: an offline OpenAI Realtime API; knows `limi.protocol` and the kernel's clock, ids and secrets only.

`app` builds it. From there down, each knowing only what stands below it:

- `http` and `transports`: how clients come in, and how WebSockets and WebRTC carry them; `calls` knows who is in;
- `sessions`: a session being driven; `frames` reads what is too large to be read at once;
- `answering`: what is said and why; `scripts` are what it can be told to say;
- `hearing`: where turns end, and what was said in them;
- `speech`: voices, recognisers and detectors, each in a process of its own.

`faults` stands around all of them, where somebody asks for it, and none of them knows it.

Nothing is imported here, because the worker processes import this package too, and a web framework would make each
of them half a second slower to start.
"""

__all__: list[str] = []
