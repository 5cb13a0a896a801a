"""What is asked of the outside."""

import inspect

import pytest

from limi.features.webhooks.ports import DeliveryStore, EndpointStore


@pytest.mark.parametrize("port", [EndpointStore, DeliveryStore])
def test_whatever_may_wait_for_a_disk_is_awaited(port: type) -> None:
    """Called from the event loop, a method that blocked would hold up everybody."""
    methods = [method for name, method in vars(port).items() if inspect.isfunction(method) and name[0] != "_"]
    assert methods
    assert all(inspect.iscoroutinefunction(method) and method.__doc__ for method in methods)
