"""Checkpoints: what the server signs about its journal, so that whoever holds only the database cannot rewrite it.

Each checkpoint names the one before by its hash, whoever wrote that, so checkpoints are one chain for the whole
journal. It is this chain that shows a removed writer, whose rows' own chain is gone with it.

All keys are Ed25519 (RFC 8032). The private key is derived from the root, so whoever holds the root can sign.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from limi.features.journal.lines import checkpoint_line, iso_time
from limi.features.journal.model import Checkpoint, CheckpointKind, Link, WriterEnd
from limi.kernel.clock import Clock

__all__ = ["Signer", "checkpoint_hash", "start_ends", "start_first"]

_KEY_ID_LENGTH: Final = 16
_NO_HASH: Final = "0" * 64

_encode: Final = msgspec.json.Encoder().encode


class _End(msgspec.Struct, frozen=True):
    writer: str
    count: int
    head: str


class _Head(msgspec.Struct, frozen=True):
    checkpoint: int
    kind: str
    writer: str
    count: int
    head: str
    seq: int
    time: str
    previous: str
    key: str


class _Start(msgspec.Struct, frozen=True):
    checkpoint: int
    kind: str
    first: int
    starts: Sequence[_End]
    seq: int
    time: str
    previous: str
    key: str


class Signer:
    """Makes checkpoints, and the closing line of an export."""

    def __init__(self, *, key: bytes, clock: Clock) -> None:
        """Keep the parts.

        Args:
            key: 32 bytes, the root's child for `audit-signing`.
            clock: says when something is signed.
        """
        self._private = Ed25519PrivateKey.from_private_bytes(key)
        public = self._private.public_key()
        self._clock = clock
        self.key_id: Final = sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[
            :_KEY_ID_LENGTH
        ]
        """What a signed line names its key by: the beginning of the SHA-256 of the public key's 32 bytes."""
        self.public_pem: Final = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        """The public key as PEM, which a verifier needs."""

    def sign(self, body: bytes) -> bytes:
        """Return the signature of `body`."""
        return self._private.sign(body)

    def head(self, end: WriterEnd) -> Callable[[Checkpoint | None, int], Checkpoint]:
        """Return what makes the checkpoint that a writer's chain has come to `end`."""

        def make(last: Checkpoint | None, seq: int) -> Checkpoint:
            number, at = _next_number(last), self._clock.now()
            seq = _reached(last, seq)
            body = _Head(
                number,
                CheckpointKind.HEAD.value,
                end.writer,
                end.end.n,
                end.end.hash.hex(),
                seq,
                iso_time(at),
                checkpoint_hash(last),
                self.key_id,
            )
            return self._signed(body, number, CheckpointKind.HEAD, seq, at, end)

        return make

    def start(self, first: int, ends: Sequence[WriterEnd]) -> Callable[[Checkpoint | None, int], Checkpoint]:
        """Return what makes the checkpoint that rows up to `ends` and checkpoints below `first` are removed."""

        def make(last: Checkpoint | None, seq: int) -> Checkpoint:
            number, at = _next_number(last), self._clock.now()
            seq = _reached(last, seq)
            body = _Start(
                number,
                CheckpointKind.START.value,
                first,
                [_End(each.writer, each.end.n, each.end.hash.hex()) for each in ends],
                seq,
                iso_time(at),
                checkpoint_hash(last),
                self.key_id,
            )
            return self._signed(body, number, CheckpointKind.START, seq, at, None)

        return make

    def _signed(
        self, body: _Head | _Start, number: int, kind: CheckpointKind, seq: int, at: float, end: WriterEnd | None
    ) -> Checkpoint:
        signed = _encode(body)[:-1]
        return Checkpoint(
            number=number,
            kind=kind,
            seq=seq,
            at=at,
            writer=end.writer if end else None,
            end=end.end if end else None,
            body=signed,
            signature=self.sign(signed),
        )


def checkpoint_hash(checkpoint: Checkpoint | None) -> str:
    """Return what the next checkpoint names this one by: the SHA-256 of its line without the end of line."""
    return _NO_HASH if checkpoint is None else sha256(checkpoint_line(checkpoint)[:-1]).hexdigest()


def start_ends(checkpoint: Checkpoint) -> list[WriterEnd]:
    """Return up to where a checkpoint of the kind `start` says that rows are removed."""
    body = msgspec.json.decode(checkpoint.body + b"}", type=_Start)
    return [WriterEnd(each.writer, Link(each.count, bytes.fromhex(each.head))) for each in body.starts]


def start_first(checkpoint: Checkpoint) -> int:
    """Return the first checkpoint that is kept, as a checkpoint of the kind `start` says."""
    return msgspec.json.decode(checkpoint.body + b"}", type=_Start).first


def _next_number(last: Checkpoint | None) -> int:
    return 1 if last is None else last.number + 1


def _reached(last: Checkpoint | None, seq: int) -> int:
    """Return how far the journal has come: `seq` is 0 again when retention has removed every row."""
    return max(seq, last.seq if last else 0)
