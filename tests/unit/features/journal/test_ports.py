import inspect

from limi.features.journal import JournalStore


def test_every_method_of_the_port_blocks_and_says_what_it_does() -> None:
    """The methods are called from threads: a coroutine among them would never run."""
    methods = {name: method for name, method in vars(JournalStore).items() if not name.startswith("_")}
    assert set(methods) == {
        "append",
        "close",
        "end_abandoned",
        "entries",
        "live_tokens",
        "ping",
        "release_lease",
        "renew_lease",
    }
    assert all(method.__doc__ and not inspect.iscoroutinefunction(method) for method in methods.values())
