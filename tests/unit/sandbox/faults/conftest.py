"""Faults stand around an ASGI application, and are called as one is."""

from tests.unit.sandbox.http.conftest import call, scope

__all__ = ["call", "scope"]
