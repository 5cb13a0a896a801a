"""What of an offer is refused before the WebRTC library sees it."""

import sys

import pytest

from limi.sandbox.transports.sdp import InvalidOfferError, read_offer

_ALONE = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]
_HEAD = [*_ALONE, "a=group:BUNDLE 0 1"]
_SECURITY = [
    "a=ice-ufrag:abcd",
    "a=ice-pwd:0123456789012345678901",
    "a=fingerprint:sha-256 AB:CD",
    "a=setup:actpass",
]
_AUDIO = ["m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", *_SECURITY, "a=sendrecv", "a=rtpmap:111 opus/48000/2"]
_DATA = ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:1", *_SECURITY, "a=sctp-port:5000"]
_VIDEO = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:2", *_SECURITY]


def _text(*lines: str) -> str:
    return "\r\n".join(lines) + "\r\n"


def test_an_offer_of_audio_and_a_data_channel_passes_unchanged() -> None:
    text = _text(*_HEAD, *_AUDIO, *_DATA)
    offer = read_offer(text)
    assert offer.sdp == text
    assert offer.has_data_channel


@pytest.mark.parametrize(
    ("line", "most"),
    [("a=max-message-size:262144", 262_144), ("a=max-message-size:0", sys.maxsize), ("a=other", 65_536)],
)
def test_the_client_says_how_large_a_message_may_be(line: str, most: int) -> None:
    assert read_offer(_text(*_HEAD, *_AUDIO, *_DATA, line)).message_bytes == most


def test_the_sections_may_come_in_any_order_and_the_data_channel_may_be_missing() -> None:
    assert read_offer(_text(*_HEAD, *_DATA, *_AUDIO)).has_data_channel
    assert not read_offer(_text(*_ALONE, *_AUDIO)).has_data_channel


def test_lines_may_end_without_carriage_returns() -> None:
    assert read_offer("\n".join([*_ALONE, *_AUDIO])).sdp == _text(*_ALONE, *_AUDIO)


@pytest.mark.parametrize(
    "candidate",
    [
        "a=candidate:1 1 udp 2113937151 6a3d7ee0-6f8b-4f6a-a1f6-2f0a7a3b2c1d.local 50000 typ host",
        "a=candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host",
        "a=candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
        "a=end-of-candidates",
    ],
)
def test_candidates_are_left_out_so_that_nobody_is_looked_up_or_sent_anything(candidate: str) -> None:
    assert read_offer(_text(*_HEAD, *_AUDIO, candidate, *_DATA)).sdp == _text(*_HEAD, *_AUDIO, *_DATA)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "does not begin with v=0"),
        ("hello", "does not begin with v=0"),
        (_text(*_HEAD, *_DATA), "no audio section"),
        (_text(*_HEAD, *_AUDIO, *_AUDIO), "one audio and one application section only"),
        (_text(*_HEAD, *_AUDIO, *_DATA, *_DATA), "one audio and one application section only"),
        (_text(*_HEAD, *_AUDIO, *_VIDEO * 4), "more than 4 sections"),
        (_text(*_HEAD, *(line for line in _AUDIO if "opus" not in line), *_DATA), "does not offer Opus"),
        (_text(*_HEAD, *(line for line in _AUDIO if "ufrag" not in line)), "no a=ice-ufrag line"),
        (_text(*_HEAD, *(line for line in _AUDIO if "ice-pwd" not in line)), "no a=ice-pwd line"),
        (_text(*_HEAD, *(line for line in _AUDIO if "finger" not in line)), "no a=fingerprint line"),
        (_text(*_HEAD, *(line for line in _AUDIO if "mid" not in line)), "a=mid with a name of its own"),
        (_text(*_HEAD, *_AUDIO, *_DATA[:1], "a=mid:0", *_DATA[2:]), "a=mid with a name of its own"),
        (_text(*_HEAD, *_AUDIO), "BUNDLE names a section that is not there"),
        (_text(*_HEAD, *_AUDIO, *_DATA, "a=max-message-size:100"), "must be 16384 at least"),
        (_text(*_HEAD, *_AUDIO, "a=" + "x" * 70_000), "longer than 65536 characters"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidOfferError, match=reason):
        read_offer(text)
