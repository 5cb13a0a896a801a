"""Hands the client's sound on as it arrives.

aiortc keeps four packets of sound back, 80 ms, for late ones to find their place; and where one is lost it keeps
sixteen back, for the rest of the call. A player needs such a cushion, or people would hear each gap. Here a turn
detector and a recogniser listen: 20 ms that are missing change nothing for them, but 80 that they wait for make
every turn of the call end later. So each packet is handed on at once, and one that was overtaken is dropped.

The library has no setting for it. A receiver is therefore given another buffer before it begins; nothing of the
library is changed for others who use it in this process. The guard is
`tests/unit/sandbox/transports/test_arrivals.py`.
"""

from collections.abc import Callable
from typing import Any, Final

__all__ = ["Arrivals", "hand_on_at_once"]

_BUFFER: Final = "_RTCRtpReceiver__jitter_buffer"
_NUMBERS: Final = 1 << 16
"""Sequence numbers have 16 bits and wrap (RFC 3550, §5.1)."""
_MOST_LATE: Final = 100
"""Packets, two seconds. A number that lies further back belongs to a stream that began anew."""


class Arrivals:
    """Stands in for the buffer of a receiver, and keeps nothing."""

    def __init__(self, make_frame: Callable[[bytes, int], Any]) -> None:
        """Wait for the first packet.

        Args:
            make_frame: Makes what the library decodes, of a payload and its timestamp.
        """
        self._make_frame = make_frame
        self._newest: int | None = None

    def add(self, packet: Any) -> tuple[bool, Any]:  # noqa: ANN401 - aiortc's packet and frame, not imported for it
        """Return what is to be decoded now, or None; with it, that no picture is to be asked for."""
        number: int = packet.sequence_number
        if self._newest is not None and (self._newest - number) % _NUMBERS < _MOST_LATE:
            return False, None
        self._newest = number
        return False, self._make_frame(packet._data, packet.timestamp)  # noqa: SLF001 - what its own buffer takes


def hand_on_at_once(receiver: Any, *, make_frame: Callable[[bytes, int], Any]) -> None:  # noqa: ANN401 - as above
    """Let a receiver that has not begun hand each packet on as it comes.

    Args:
        receiver: The library's receiver of sound. One that has no such buffer is left as it is, because calls work
            without this as well.
        make_frame: See `Arrivals`.
    """
    if hasattr(receiver, _BUFFER):
        setattr(receiver, _BUFFER, Arrivals(make_frame))
