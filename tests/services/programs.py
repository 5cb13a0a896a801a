"""Programs of others that judge what we write, where a machine has them."""

import os
import shutil

import pytest

__all__ = ["judge"]


def judge(name: str, *, package: str) -> str:
    """Return the path of a program; without it the test is skipped, and with `NO_SKIPS` fails, as in CI.

    Args:
        name: the program.
        package: the Debian package that has it, which `make test` installs where it may.
    """
    path = shutil.which(name)
    if path is None:
        missing = f"{name} is missing: scripts/system_packages.sh {package}"
        if os.environ.get("NO_SKIPS"):
            pytest.fail(missing)
        pytest.skip(reason=missing)
    return path
