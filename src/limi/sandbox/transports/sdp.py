"""What of an SDP offer is looked at before the WebRTC library sees it (RFC 8866, RFC 8829).

The offer comes from a stranger and the library was written for friends: it makes a transport for each section and
sends packets to each candidate. So sections are counted, and candidates are left out altogether. The client is
found by its own checks (RFC 8445, §7.3.1.3), as with a server that is ICE-lite, which upstream is. That spares
looking `.local` names up as well, which takes a second each.
"""

import re
import sys
from dataclasses import dataclass
from typing import Final

__all__ = ["InvalidOfferError", "Offer", "read_offer"]

_MOST_CHARACTERS: Final = 64 * 1024
"""A browser's offer with audio and a data channel has 2 to 6 kB; this one has room for every codec there is."""
_MOST_SECTIONS: Final = 4
_SECTION: Final = re.compile(r"^m=(\S+) ", re.MULTILINE)
_MID: Final = re.compile(r"^a=mid:(\S+)\s*$", re.MULTILINE)
_BUNDLE: Final = re.compile(r"^a=group:BUNDLE (.*)", re.MULTILINE)
_OPUS: Final = re.compile(r"^a=rtpmap:\d+ opus/48000/2\s*$", re.MULTILINE | re.IGNORECASE)
_MESSAGE: Final = re.compile(r"^a=max-message-size:(\d{1,18})\s*$", re.MULTILINE)
_UNSAID_MESSAGE_BYTES: Final = 64 * 1024
"""What a client takes that does not say (RFC 8841, §6.1)."""
_LEAST_MESSAGE_BYTES: Final = 16 * 1024
"""What every client takes (RFC 8831, §6.6)."""
_CANDIDATE: Final = ("a=candidate:", "a=end-of-candidates")
_NEEDED: Final = ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:")


class InvalidOfferError(Exception):
    """An SDP offer that cannot be answered; the message says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that is worth answering."""

    sdp: str
    """The text, without candidates."""
    has_data_channel: bool
    """Whether it has a section for data channels; without one, events reach observers only."""
    message_bytes: int = _UNSAID_MESSAGE_BYTES
    """The largest message that the client takes."""


def read_offer(text: str) -> Offer:
    """Check an offer's outline.

    Raises:
        InvalidOfferError: It is no SDP, or has no audio to talk by.
    """
    if len(text) > _MOST_CHARACTERS:
        raise InvalidOfferError(f"it is longer than {_MOST_CHARACTERS} characters")
    lines = text.splitlines()
    if not lines or lines[0].strip() != "v=0":
        raise InvalidOfferError("it does not begin with v=0")
    for needed in _NEEDED:
        if not any(line.startswith(needed) for line in lines):
            raise InvalidOfferError(f"there is no {needed.removesuffix(':')} line")
    kinds = _SECTION.findall(text)
    _check_sections(kinds)
    mids = _MID.findall(text)
    if len(mids) != len(kinds) or len(set(mids)) != len(kinds):
        raise InvalidOfferError("each section needs a=mid with a name of its own")
    if any(mid not in mids for group in _BUNDLE.findall(text) for mid in group.split()):
        raise InvalidOfferError("a=group:BUNDLE names a section that is not there")
    if not _OPUS.search(text):
        raise InvalidOfferError("the audio section does not offer Opus (opus/48000/2)")
    kept = [line for line in lines if not line.startswith(_CANDIDATE)]
    return Offer(
        "\r\n".join(kept) + "\r\n", has_data_channel="application" in kinds, message_bytes=_message_bytes(text)
    )


def _check_sections(kinds: list[str]) -> None:
    if "audio" not in kinds:
        raise InvalidOfferError("there is no audio section (m=audio); add a microphone's track to the connection")
    if kinds.count("audio") > 1 or kinds.count("application") > 1:
        raise InvalidOfferError("there may be one audio and one application section only")
    if len(kinds) > _MOST_SECTIONS:
        raise InvalidOfferError(f"there are more than {_MOST_SECTIONS} sections")


def _message_bytes(text: str) -> int:
    said = _MESSAGE.search(text)
    if said is None:
        return _UNSAID_MESSAGE_BYTES
    # Zero means any size.
    most = int(said[1]) or sys.maxsize
    if most < _LEAST_MESSAGE_BYTES:
        raise InvalidOfferError(f"a=max-message-size must be {_LEAST_MESSAGE_BYTES} at least, or 0")
    return most
