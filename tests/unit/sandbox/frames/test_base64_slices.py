import base64

import pytest

from limi.sandbox.frames.base64_slices import copy_base64, decode_joined, decode_slices


@pytest.mark.parametrize("size", [0, 1, 196_607, 196_608, 196_609, 1_000_000])
async def test_the_pieces_are_what_was_encoded(size: int) -> None:
    data = bytes(i % 251 for i in range(size))
    text = base64.b64encode(data).decode()
    pieces = await decode_slices(f"..{text}..", 2, 2 + len(text))
    assert pieces is not None
    assert b"".join(pieces) == data
    assert not any(len(piece) % 2 for piece in pieces[:-1])
    assert await decode_joined(f"..{text}..", 2, 2 + len(text)) == data
    assert await copy_base64(f"..<{text}>..", 1, 3, 4 + len(text)) == f".<{text}>".encode()


@pytest.mark.parametrize("text", ["%", "A", "AAAA=", "AAA=" * 100_000, "A" * 300_000 + "%" * 4])
async def test_what_is_no_base64_is_none(text: str) -> None:
    assert await decode_slices(text, 0, len(text)) is None
    assert await decode_joined(text, 0, len(text)) is None
    assert await copy_base64(f"<{text}>", 0, 1, 2 + len(text)) is None
