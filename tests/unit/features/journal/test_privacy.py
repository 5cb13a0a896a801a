import msgspec
import pytest

from limi.features.journal.lease import WriterLease
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.model import Selection
from limi.features.journal.privacy import OriginPrivacy, Privacy
from limi.kernel.facts import Origin
from limi.kernel.frontends import Frontend
from tests.unit.features.journal.harness import CountingIds, Facts, FakeClock

ANONYMOUS = Origin(request_id="r", caller="ip:203.0.113.9", tenant="acme", ip="203.0.113.9", user_agent="a")
FROM_PAGE = msgspec.structs.replace(ANONYMOUS, frontend=Frontend.VUE)


def privacy(choice: Privacy, key: bytes = b"k" * 32) -> OriginPrivacy:
    return OriginPrivacy(choice=choice, key=key)


def test_in_full_an_origin_stays_as_it_is() -> None:
    assert privacy(Privacy.FULL).apply(ANONYMOUS) is ANONYMOUS
    assert privacy(Privacy.FULL).caller("ip:203.0.113.9") == "ip:203.0.113.9"


def test_a_hash_tells_addresses_apart_and_not_what_they_are() -> None:
    hashed = privacy(Privacy.HMAC).apply(ANONYMOUS)
    assert hashed.ip is not None
    assert hashed.ip.startswith("hmac-")
    assert len(hashed.ip) == 29
    assert hashed.caller == f"ip:{hashed.ip}"
    assert (hashed.request_id, hashed.tenant, hashed.user_agent) == ("r", "acme", "a")
    assert privacy(Privacy.HMAC).apply(ANONYMOUS) == hashed
    assert privacy(Privacy.HMAC, b"x" * 32).apply(ANONYMOUS) != hashed


def test_without_addresses_there_is_none() -> None:
    bare = privacy(Privacy.NONE).apply(ANONYMOUS)
    assert (bare.ip, bare.caller) == (None, "ip:withheld")


@pytest.mark.parametrize("choice", list(Privacy))
def test_the_kind_of_application_tells_of_nobody_and_is_kept(choice: Privacy) -> None:
    assert privacy(choice).apply(FROM_PAGE).frontend is Frontend.VUE


@pytest.mark.parametrize("choice", list(Privacy))
def test_callers_with_a_credential_keep_their_name(choice: Privacy) -> None:
    kept = privacy(choice).apply(Origin(request_id="r", caller="key:k1"))
    assert (kept.caller, kept.ip) == ("key:k1", None)


def test_no_address_reaches_the_journal_and_none_is_hashed_twice() -> None:
    """The intent of a dead writer is ended in its own words."""
    clock, store = FakeClock(), InMemoryJournalStore()
    writers = [
        WriterLease(store=store, clock=clock, ids=CountingIds(n), seconds=15, privacy=privacy(Privacy.HMAC))
        for n in (1000, 2000)
    ]
    writers[0].append([Facts(clock).intent(origin=ANONYMOUS)])
    clock.advance(20)
    assert writers[1].tend() == 1
    intent, ending = store.entries(after=0, limit=10, selection=Selection())
    assert (intent.ip, intent.caller) == (ending.ip, ending.caller)
    assert "203.0.113.9" not in f"{intent}{ending}"
