"""The state machine does, step by step, what is written in conformance/transitions for every client."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from limi_client.voice._machine import listens, status_of, step
from limi_client.voice._machine_words import Effect, Input, Machine, MachineSettings, Moment

_FOLDER = Path(__file__).parents[4] / "conformance" / "transitions"
_CAPITAL = re.compile(r"(?<=[a-z])([A-Z])")
_USUAL_CHANCE = 0.5


def _runs() -> list[Any]:
    found = []
    for path in sorted(_FOLDER.glob("*.json")):
        written = json.loads(path.read_text())
        assert written["format"] == 1
        found += [pytest.param(run, id=f"{path.stem}: {run['name']}") for run in written["runs"]]
    return found


def _snake(members: dict[str, Any]) -> dict[str, Any]:
    names = {name: _CAPITAL.sub(r"_\1", name).lower().replace("web_rtc", "webrtc") for name in members}
    return {names[name]: tuple(value) if isinstance(value, list) else value for name, value in members.items()}


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _effect(effect: Effect) -> dict[str, Any]:
    return {_camel(name): value for name, value in dataclasses.asdict(effect).items() if value is not None}


def _state(machine: Machine) -> dict[str, Any]:
    error = machine.error
    return {
        "phase": machine.phase,
        "status": status_of(machine.phase),
        "attempt": machine.attempt,
        "transport": machine.transport,
        "microphone": machine.microphone,
        "timers": list(machine.timers),
        "error": error and {name: value for name, value in vars(error).items() if value is not None},
    }


@pytest.mark.parametrize("run", _runs())
def test_a_run_goes_as_it_is_written(run: dict[str, Any]) -> None:
    settings = MachineSettings(**_snake(run["settings"]))
    machine, rings = Machine(), dict[str, float]()
    for number, wanted in enumerate(run["steps"]):
        taken = Input(**_snake(wanted["input"]))
        if taken.type == "timer":
            assert rings.pop(str(taken.name)) <= wanted["at"], f"step {number}: the timer is not due"
        moment = Moment(at=wanted["at"], random=wanted.get("random", _USUAL_CHANCE))
        machine, effects = step(machine, taken, moment, settings)
        for effect in effects:
            if effect.type == "start_timer":
                rings[str(effect.name)] = wanted["at"] + (effect.delay_ms or 0)
            elif effect.type == "stop_timer":
                del rings[str(effect.name)]
        assert (_state(machine), [_effect(effect) for effect in effects]) == (
            wanted["state"],
            wanted["effects"],
        ), f"step {number}: {wanted['input']}"


def test_there_are_runs_to_replay() -> None:
    """An empty folder would be replayed without a word."""
    assert len(_runs()) > 20


def test_an_input_that_a_phase_does_not_know_changes_nothing() -> None:
    assert not listens("idle", "minted")
    assert not listens("failed", "microphone_opened")
    assert step(Machine(), Input("minted"), Moment(0, 0), MachineSettings()) == (Machine(), [])
