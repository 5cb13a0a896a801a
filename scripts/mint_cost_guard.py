"""Fails when one mint costs far more processor time than it used to; `benchmarks/guard.py` has the measuring."""

import sys
from pathlib import Path

# Scripts are run by path, which puts this folder and not the checkout on the module path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.guard import main

if __name__ == "__main__":
    main()
