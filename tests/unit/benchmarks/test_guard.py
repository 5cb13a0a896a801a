"""The guard measures, and fails above its bound."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import guard

_ROOT = Path(__file__).parents[3]


def _cost(ratio: float) -> guard.Cost:
    return guard.Cost(mint_us=ratio * 10, reference_us=10.0)


def test_a_mint_is_measured_in_process() -> None:
    # In a process of its own, because it sets up the log as the server does.
    code = "from benchmarks.guard import measure_cost; print(measure_cost(rounds=1).ratio)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert 0.5 < float(done.stdout) < 200


@pytest.mark.parametrize(("factor", "ended"), [(0.6, 0), (1.0, 0), (2.0, 1)])
def test_it_fails_above_the_bound(
    factor: float, ended: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(guard, "measure_cost", lambda: _cost(guard.BOUND * factor))
    with pytest.raises(SystemExit) as stopped:
        guard.main()
    assert stopped.value.code == ended
    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("TOO DEAR" if ended else "ok")
