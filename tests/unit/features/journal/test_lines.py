import json
from hashlib import sha256

import msgspec
import pytest

from limi.features.journal import InMemoryJournalStore, Selection
from limi.features.journal.chain import Chain
from limi.features.journal.lines import checkpoint_line, entry_body, entry_line, fact_body, iso_time, microseconds
from limi.features.journal.model import Link, WriterEnd
from limi.kernel.facts import KeyCreated, Origin
from limi.kernel.frontends import Frontend
from tests.unit.features.journal.harness import NOON, Facts, FakeClock
from tests.unit.features.journal.signing import make_signer

HARD = 'Grüße, 世界 🎙 "quoted"\nsecond line\u2028\x00\x7f,"seq":7'


def test_a_row_that_was_read_has_the_bytes_that_its_writer_hashed() -> None:
    clock, store = FakeClock(), InMemoryJournalStore()
    for step in range(200):
        clock.advance(0.000001 + step * 0.0377)
        facts = Facts(clock, start=step * 1000)
        frontend = Frontend.REACT if step % 2 else None
        origin = Origin(request_id=HARD, caller=HARD, tenant=None, ip="", user_agent=HARD, frontend=frontend)
        minted = facts.minted(facts.intent(), origin=origin)
        created = KeyCreated(id=f"{step:032x}", at=clock.now(), origin=origin, subject="key:k1", detail=HARD)
        chain = Chain("w")
        store.append([minted, created], writer="w", links=chain.links([minted, created]))
        first, second = store.entries(after=step * 2, limit=2, selection=Selection())
        assert entry_body(first) == fact_body(minted, "w", 1)
        assert entry_body(second) == fact_body(created, "w", 2)


def test_a_line_is_its_body_and_what_is_known_afterwards() -> None:
    store, facts, chain = InMemoryJournalStore(), Facts(), Chain("w1")
    intent = facts.intent()
    store.append([intent], writer="w1", links=chain.links([intent]))
    (entry,) = store.entries(after=0, limit=1, selection=Selection())
    line, body = entry_line(entry), fact_body(intent, "w1", 1)
    assert line.startswith(body + b',"seq":1,"hash":"')
    assert line.endswith(b'"}\n')
    digest = sha256(bytes(32) + body).hexdigest()
    assert json.loads(line)["hash"] == digest
    assert json.loads(line)["check"] == sha256(line.partition(b',"check":')[0]).hexdigest()[:16]


def test_a_row_outside_of_every_chain_says_so() -> None:
    store = InMemoryJournalStore()
    store.append([Facts().intent()], writer="w1")
    (entry,) = store.entries(after=0, limit=1, selection=Selection())
    line = json.loads(entry_line(entry))
    assert (line["n"], line["hash"]) == (None, None)


def test_a_row_from_before_applications_were_told_has_the_bytes_that_were_hashed() -> None:
    """Rows are hashed when they are written and read for ever, so what they have besides comes after the rest."""
    bare = KeyCreated(id="0" * 32, at=NOON, origin=Origin(request_id="r", caller="c"), subject="key:k1")
    before = (
        b'{"id":"00000000000000000000000000000000","time":"2027-01-15T08:00:00.000000Z","event":"key.created",'
        b'"requestId":"r","sessionId":null,"model":null,"tenant":null,"caller":"c","ip":null,"userAgent":null,'
        b'"outcome":"succeeded","durationMs":null,"expiresAt":null,"code":null,"resolves":null,"subject":"key:k1",'
        b'"detail":null,"writer":"w","n":7'
    )
    assert fact_body(bare, "w", 7) == before
    told = msgspec.structs.replace(bare, origin=Origin(request_id="r", caller="c", frontend=Frontend.VUE))
    assert fact_body(told, "w", 7) == before + b',"frontend":"vue"'


def test_a_value_that_is_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        fact_body(Facts().intent(origin=Origin(request_id="\ud800", caller="c")), "w", 1)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (NOON, "2027-01-15T08:00:00.000000Z"),
        (NOON + 0.9999996, "2027-01-15T08:00:01.000000Z"),
        (0.000001, "1970-01-01T00:00:00.000001Z"),
    ],
)
def test_times_are_written_to_the_microsecond(seconds: float, written: str) -> None:
    assert iso_time(seconds) == written
    assert iso_time(microseconds(seconds) / 1_000_000) == written


def test_a_checkpoints_line_is_what_was_signed_and_the_signature() -> None:
    checkpoint = make_signer(FakeClock()).head(WriterEnd("w", Link(3, bytes(32))))(None, 9)
    line = checkpoint_line(checkpoint)
    assert line == checkpoint.body + b',"signature":"' + checkpoint.signature.hex().encode() + b'"}\n'
    assert json.loads(line)["count"] == 3
