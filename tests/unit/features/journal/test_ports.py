import inspect

from limi.features.journal import JournalStore
from limi.features.journal.ports import Outbox, SealStore, unlinked, wanted_by_nobody
from tests.unit.features.journal.harness import Facts


def test_every_method_of_the_port_blocks_and_says_what_it_does() -> None:
    """The methods are called from threads: a coroutine among them would never run."""
    methods = {name: method for name, method in vars(JournalStore).items() if inspect.isfunction(method)}
    assert {name for name in methods if not name.startswith("_")} == {
        "append",
        "chain_end",
        "close",
        "end_abandoned",
        "entries",
        "known",
        "live_tokens",
        "newest",
        "ping",
        "release_lease",
        "renew_lease",
    }
    seals = {name: method for name, method in vars(SealStore).items() if not name.startswith("_")}
    for method in (*seals.values(), *(method for name, method in methods.items() if not name.startswith("_"))):
        assert method.__doc__
        if inspect.isfunction(method):
            assert not inspect.iscoroutinefunction(method)


def test_rows_without_a_chain_have_no_links() -> None:
    assert unlinked([]) == ()


def test_where_nobody_asks_nobody_is_told() -> None:
    assert wanted_by_nobody(Facts().intent()) == ()


def test_the_outbox_is_asked_at_once() -> None:
    """It is called between two statements of a commit, which nothing may hold up."""
    for method in (Outbox.wanted, Outbox.written):
        assert method.__doc__
        assert not inspect.iscoroutinefunction(method)
