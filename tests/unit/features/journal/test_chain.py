from hashlib import sha256

import pytest

from limi.features.journal import FactRefusedError
from limi.features.journal.chain import Chain, next_hash
from limi.features.journal.lines import fact_body
from limi.features.journal.model import CHAIN_START
from limi.kernel.facts import Origin
from tests.unit.features.journal.harness import Facts


def test_each_link_covers_the_row_and_the_link_before() -> None:
    chain, (first, second) = Chain("w"), Facts().intents(2)
    one, two = chain.links([first, second])
    assert (one.n, two.n) == (1, 2)
    assert one.hash == sha256(bytes(32) + fact_body(first, "w", 1)).digest()
    assert two.hash == next_hash(one.hash, fact_body(second, "w", 2))


def test_the_end_moves_only_when_it_is_told_to() -> None:
    """What was linked may not reach the disk."""
    chain, facts = Chain("w"), Facts()
    links = chain.links(facts.intents(3))
    assert chain.end == CHAIN_START
    chain.end = links[-1]
    assert [link.n for link in chain.links(facts.intents(2))] == [4, 5]


def test_two_writers_of_the_same_row_have_different_links() -> None:
    facts = Facts().intents(1)
    assert Chain("w1").links(facts) != Chain("w2").links(facts)


def test_a_fact_that_no_line_can_hold_is_refused() -> None:
    broken = Facts().intent(origin=Origin(request_id="\ud800", caller="c"))
    with pytest.raises(FactRefusedError, match="cannot be written as JSON"):
        Chain("w").links([broken])
