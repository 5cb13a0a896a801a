"""A writer's chain: each row's hash covers the row's own bytes and the hash before, so no row changes alone.

Each writer has a chain of its own, since a common one would make every commit wait for the one before at another
machine. Chains are tied together by checkpoints (`limi.features.journal.sealing`).
"""

from collections.abc import Sequence
from hashlib import sha256

from limi.features.journal.errors import FactRefusedError
from limi.features.journal.lines import fact_body
from limi.features.journal.model import CHAIN_START, Link
from limi.kernel.facts import Fact

__all__ = ["Chain", "next_hash"]


def next_hash(before: bytes, body: bytes) -> bytes:
    """Return the hash of the row with these bytes, which follows the row with the hash `before`."""
    return sha256(before + body).digest()


class Chain:
    """The end of one writer's chain, which moves when rows are known to be on disk."""

    def __init__(self, writer: str) -> None:
        self.writer = writer
        self.end = CHAIN_START

    def links(self, facts: Sequence[Fact]) -> list[Link]:
        """Return the link of each of `facts` as if they came next; the end stays where it is.

        Raises:
            FactRefusedError: when a fact has a value that no line can hold.
        """
        links = []
        n, last = self.end.n, self.end.hash
        for fact in facts:
            n += 1
            try:
                last = next_hash(last, fact_body(fact, self.writer, n))
            except (ValueError, OverflowError, OSError) as exc:
                raise FactRefusedError(f"a value cannot be written as JSON ({type(exc).__name__})") from exc
            links.append(Link(n, last))
        return links
