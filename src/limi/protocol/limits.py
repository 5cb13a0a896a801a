"""How much one session may hold, so that no client can make the server grow without bound."""

from dataclasses import dataclass

__all__ = ["Limits"]

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one session."""

    session_seconds: float = 3600
    """Upstream ends a session after 60 minutes."""
    frame_characters: int = 20 * _MIB + 64 * 1024
    """Upstream takes 15 MiB of audio in one append, which is 20 MiB in base64; the event is written around it."""
    append_bytes: int = 15 * _MIB
    """Upstream's bound for the decoded audio of one append."""
    buffer_bytes: int = 10 * 60 * 48_000
    """Ten minutes of PCM not yet committed: longer than anyone speaks in one turn."""
    silence_kept_ms: int = 30_000
    """With turn detection on and nobody speaking, older audio is forgotten; no working detector lags this far."""
    items: int = 2_000
    """An hour holds some hundreds of turns; beyond this a client is adding items in a loop."""
    stored_audio_bytes: int = 32 * _MIB
    """About eleven minutes of PCM in the conversation; past it the oldest audio goes, its transcript stays."""
    stored_characters: int = 32 * _MIB
    """Texts and pictures in the conversation: some dozens of photographs, and more words than a model can read."""
    retrieved_audio_bytes: int = 3 * _MIB
    """A minute of PCM. More would hold the event loop above 5 ms while it becomes base64, and openai-agents closes
    its socket on frames above 8 MiB."""
    out_of_band_responses: int = 16
    """Responses beside the conversation that may run at once; each is a task of the transport."""
    context_tokens: int = 28_224
    """What a response may read. The reference gives this for a model of 32k that may write 4,096 of them."""
    output_tokens: int = 16_384
    """What one response may write when the client sets no bound; thirteen minutes of speech are a generator that
    does not end, and what it says is held in memory."""
    tokens_per_minute: int = 40_000
    """What `rate_limits.updated` reports; nothing is refused because of it."""
