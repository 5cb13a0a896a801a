import wave
from pathlib import Path

import pytest

from limi.sandbox.scripts.matching import Anything, Contains, Exactly, Matches, Nothing
from limi.sandbox.scripts.model import Call, Fail, Hears, Otherwise, Say, ScriptError, Turn, Wait
from limi.sandbox.scripts.reader import load_script, parse_script
from limi.sandbox.scripts.templates import Filling

_FILLING = Filling(words="", taken={}, results=[])


def _turn(text: str) -> Turn:
    (turn,) = parse_script(f"turns:\n  - {text}").turns
    return turn


def _refusal(text: str) -> str:
    with pytest.raises(ScriptError) as caught:
        parse_script(text, source="s.yaml")
    return str(caught.value)


def test_an_answer_may_be_a_text_a_step_or_steps() -> None:
    assert [type(step) for step in _turn("{user: any, assistant: Hello}").steps] == [Say]
    assert [type(step) for step in _turn("{user: any, assistant: {call: beep}}").steps] == [Call]
    steps = _turn(
        "{user: any, assistant: [One., {wait_seconds: 0.5}, {say: Two.}, {fail: {code: busy, message: Later.}}]}"
    ).steps
    assert steps[1] == Wait(0.5)
    assert steps[3] == Fail("busy", "Later.")
    assert [step.words.fill(_FILLING) for step in steps if isinstance(step, Say)] == ["One.", "Two."]


def test_a_failure_may_be_its_message_alone() -> None:
    assert _turn("{user: any, assistant: {fail: Too bad.}}").steps == [Fail("scripted_failure", "Too bad.")]


def test_who_is_answered() -> None:
    users = ["any", "nothing", "Hello there", "{exactly: any}", "{contains: a}", "{contains: [a, b c]}"]
    matchers = [_turn(f"{{user: {user}, assistant: Hi}}").user for user in users]
    assert matchers == [
        Anything(),
        Nothing(),
        Exactly("Hello there"),
        Exactly("any"),
        Contains(("a",)),
        Contains(("a", "b c")),
    ]
    assert isinstance(_turn("{user: {matches: 'a+'}, assistant: Hi}").user, Matches)


def test_a_call_has_arguments_or_none() -> None:
    call = _turn("{user: {matches: '(\\w+)'}, assistant: {call: f, arguments: {a: '{1}', b: [1]}}}").steps[0]
    assert isinstance(call, Call)
    assert call.arguments.fill(Filling(words="", taken={"1": "x"}, results=[])) == '{"a":"x","b":[1]}'
    plain = _turn("{user: any, assistant: {call: f}}").steps[0]
    assert isinstance(plain, Call)
    assert plain.arguments.fill(_FILLING) == "{}"


def test_results_are_known_behind_the_calls_and_not_between_them() -> None:
    steps = "[{call: f}, 'It says {result}.', {call: g, arguments: {a: '{result}'}}, '{results.f.x}']"
    assert len(_turn(f"{{user: any, assistant: {steps}}}").steps) == 4
    side_by_side = "turns:\n- {user: any, assistant: [{call: f}, {call: g, arguments: {a: '{result}'}}]}"
    assert "assistant[1].arguments.a: {result}: no step before this one calls" in _refusal(side_by_side)


def test_a_turn_may_ask_for_metadata_alone() -> None:
    turn = _turn("{metadata: {topic: summary}, assistant: Short.}")
    assert (turn.user, turn.metadata) == (Anything(), {"topic": "summary"})


def test_turns_in_order_are_used_once_unless_they_say_how_often() -> None:
    script = parse_script(
        "order: given\nturns:\n- {user: a, assistant: A}\n- {user: b, assistant: B, times: 3}\notherwise: fail"
    )
    assert [turn.times for turn in script.turns] == [1, 3]
    assert (script.in_order, script.otherwise) == (True, Otherwise.FAIL)
    free = parse_script("turns:\n- {user: a, assistant: A}\n- {user: b, assistant: B, times: 3}")
    assert [turn.times for turn in free.turns] == [None, 3]
    assert (free.in_order, free.otherwise) == (False, Otherwise.BRAIN)


def test_plain_texts_are_heard_one_after_the_other() -> None:
    script = parse_script("hears:\n- Hello\n- {text: Long, longer_than_seconds: 3, after_seconds: 1}\n- Bye")
    assert script.hears == [
        Hears(text="Hello", utterance=1),
        Hears(text="Long", longer_than_seconds=3.0, after_seconds=1.0),
        Hears(text="Bye", utterance=2),
    ]


def _write_wav(path: Path, samples: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", "not compressed"))
        file.writeframes(samples)


def test_a_recording_is_looked_for_beside_the_script(tmp_path: Path) -> None:
    _write_wav(tmp_path / "hello.wav", bytes(1_600) + b"\x00\x40" * 1_600)
    (tmp_path / "s.yaml").write_text("hears:\n- {sounds_like: hello.wav, text: Hello}")
    assert load_script(tmp_path / "s.yaml").hears[0].sounds_like == tmp_path / "hello.wav"


@pytest.mark.parametrize(
    ("content", "rule"), [(None, "there is no file"), (b"RIFF", "is no WAV file"), (bytes(99), "is no WAV file")]
)
def test_a_recording_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes | None, rule: str) -> None:
    if content is not None:
        (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(ScriptError, match=rule):
        parse_script("hears:\n- {sounds_like: x.wav, text: Hello}", folder=tmp_path)


def test_a_recording_of_silence_is_refused(tmp_path: Path) -> None:
    _write_wav(tmp_path / "x.wav", bytes(16_000))
    with pytest.raises(ScriptError, match="holds no sound"):
        parse_script("hears:\n- {sounds_like: x.wav, text: Hello}", folder=tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("otherwise: fail", 's.yaml, line 1: a script has "turns", "hears", "faults", or several of them'),
        ("turn: []", 's.yaml, line 1, turn: there is no such field; did you mean "turns"?'),
        ("turns:\n- {user: hi}", 's.yaml, line 2, turns[0]: the field "assistant" is missing'),
        ("turns:\n- {assistant: hi}", "`user: any` takes whatever is said"),
        ("turns:\n- {user: {is: x}, assistant: hi}", "turns[0].user.is: there is no such field"),
        ("turns:\n- {user: {}, assistant: hi}", "turns[0].user: must have one of the fields exactly, contains"),
        ("turns:\n- {user: '!?', assistant: hi}", "turns[0].user: must hold a word"),
        ("turns:\n- {user: {contains: []}, assistant: hi}", "turns[0].user.contains: must not be empty"),
        ("turns:\n- {user: {matches: '('}, assistant: hi}", "turns[0].user.matches: is no regular expression"),
        ("turns:\n- {user: a, assistant: []}", "turns[0].assistant: must not be empty"),
        ("turns:\n- {user: a, assistant: [{say: b, call: c}]}", "assistant[0]: must have one of the fields say"),
        ("turns:\n- {user: a, assistant: [{say: b, arguments: {}}]}", "only a call has arguments"),
        ("turns:\n- {user: a, assistant: [{call: b, arguments: c}]}", "must have a field for each argument"),
        ("turns:\n- {user: a, assistant: [{fail: b}, c]}", "assistant[1]: nothing comes after a failure"),
        ("turns:\n- {user: a, assistant: '{b}'}", "turns[0].assistant: {b}: there is nothing of this name here"),
        ("turns:\n- {user: a, assistant: b, times: 0}", "turns[0].times: must be a whole number of at least 1"),
        ("turns:\n- {user: a, assistant: b, metadata: {}}", "turns[0].metadata: must not be empty"),
        (
            "turns:\n- {metadata: {a: b}, assistant: b, times: 1}",
            "turns[0].metadata: responses with metadata are not counted",
        ),
        ("hears: [{text: a, after_seconds: 9999}]", "hears[0].after_seconds: must be seconds from 0 to 3600"),
        ("hears: [{utterance: 1}]", 'hears[0]: the field "text" is missing'),
        (
            "turns:\n- {user: a, assistant: b}\norder: strict",
            "line 3, order: must be any or given, but is 'strict'",
        ),
        ("x" * (1024 * 1024 + 1), "the script is larger than 1048576 characters"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_rule(text: str, message: str) -> None:
    assert message in _refusal(text)


def test_a_file_is_called_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "weather.yaml"
    path.write_text("turns:\n- {user: a, assistant: b}")
    assert load_script(path).source == "weather.yaml"


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match=r"none\.yaml: the file cannot be read: No such file"):
        load_script(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"turns: \xe4")
    with pytest.raises(ScriptError, match="is not UTF-8"):
        load_script(tmp_path / "latin.yaml")


@pytest.mark.parametrize("text", ["{where: mint, what: drop, times: 2}", "[{where: mint, what: drop, times: 2}]"])
def test_faults_are_taken_as_they_are_written(text: str) -> None:
    (fault,) = parse_script(f"faults:\n  {text}").faults
    assert (fault.members, fault.line) == ({"where": "mint", "what": "drop", "times": 2}, 2)
