"""What is asked of the outside."""

import inspect

import pytest

from limi.features.revision.ports import RevisionSignal, RevisionStore


@pytest.mark.parametrize("port", [RevisionStore])
def test_whatever_may_wait_for_a_disk_is_awaited(port: type) -> None:
    """Called from the event loop, a method that blocked would hold up everybody."""
    methods = [method for name, method in vars(port).items() if inspect.isfunction(method) and name[0] != "_"]
    assert methods
    assert all(inspect.iscoroutinefunction(method) and method.__doc__ for method in methods)


def test_a_signal_is_published_without_anybody_who_hears_it() -> None:
    assert inspect.iscoroutinefunction(RevisionSignal.publish)
    assert not inspect.iscoroutinefunction(RevisionSignal.subscribe)
