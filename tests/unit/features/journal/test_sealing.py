import json
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from limi.features.journal.lines import checkpoint_line
from limi.features.journal.model import CheckpointKind, Link, WriterEnd
from limi.features.journal.sealing import checkpoint_hash, start_ends, start_first
from tests.unit.features.journal.harness import NOON, FakeClock
from tests.unit.features.journal.signing import OTHER_KEY, make_signer

END = WriterEnd("w1", Link(1000, bytes([7]) * 32))


def test_a_checkpoint_says_how_far_a_chain_has_come_and_is_signed() -> None:
    signer = make_signer(FakeClock())
    made = signer.head(END)(None, 1234)
    assert (made.number, made.kind, made.seq, made.at) == (1, CheckpointKind.HEAD, 1234, NOON)
    assert (made.writer, made.end) == ("w1", END.end)
    public = load_pem_public_key(signer.public_pem.encode())
    assert isinstance(public, Ed25519PublicKey)
    public.verify(made.signature, made.body)
    line = json.loads(checkpoint_line(made))
    assert list(line) == [
        "checkpoint", "kind", "writer", "count", "head", "seq", "time", "previous", "key", "signature",
    ]  # fmt: skip
    assert (line["count"], line["head"], line["previous"]) == (1000, "07" * 32, "0" * 64)


def test_each_checkpoint_names_the_one_before_whoever_wrote_it() -> None:
    signer = make_signer(FakeClock())
    first = signer.head(END)(None, 10)
    second = signer.head(WriterEnd("w2", Link(1, bytes(32))))(first, 11)
    assert second.number == 2
    assert json.loads(checkpoint_line(second))["previous"] == sha256(checkpoint_line(first)[:-1]).hexdigest()
    assert checkpoint_hash(None) == "0" * 64


def test_a_start_says_what_is_removed() -> None:
    signer = make_signer(FakeClock())
    last = signer.head(END)(None, 10)
    made = signer.start(1, [END, WriterEnd("w2", Link(5, bytes(32)))])(last, 12)
    assert (made.kind, made.writer, made.end, made.number) == (CheckpointKind.START, None, None, 2)
    assert start_ends(made) == [END, WriterEnd("w2", Link(5, bytes(32)))]
    assert start_first(made) == 1


def test_the_journal_does_not_become_shorter_when_all_its_rows_are_removed() -> None:
    signer = make_signer(FakeClock())
    assert signer.head(END)(signer.head(END)(None, 10), 0).seq == 10


def test_a_key_is_named_by_its_public_half() -> None:
    clock = FakeClock()
    assert make_signer(clock).key_id == make_signer(clock).key_id
    assert make_signer(clock).key_id != make_signer(clock, OTHER_KEY).key_id
