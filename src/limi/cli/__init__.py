"""The command line: one module per group of commands."""

from limi.cli.main import main

__all__ = ["main"]
