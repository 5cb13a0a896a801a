"""Rules of faults: which go together, how often they apply, and how a wrong one is refused."""

from typing import Any

import pytest

from limi.protocol import ProtocolError
from limi.sandbox.faults.rules import (
    FaultRules,
    Place,
    What,
    parse_rule,
    parse_rules,
    parse_script_rules,
    place_of,
)
from limi.sandbox.scripts import ScriptError, parse_script


@pytest.mark.parametrize(
    ("rule", "param", "words"),
    [
        ({"what": "drop"}, "faults[0].where", "Missing required"),
        ({"where": "cellar", "what": "drop"}, "faults[0].where", "'cellar'"),
        ({"where": "mint", "what": "explode"}, "faults[0].what", "'explode'"),
        ({"where": "mint", "what": "stall"}, "faults[0].where", "Its places are: sideband, socket."),
        ({"where": "mint", "what": "refuse"}, "faults[0].status", "Missing required"),
        ({"where": "mint", "what": "refuse", "status": 200}, "faults[0].status", ">= 400"),
        ({"where": "mint", "what": "latency", "ms": "long"}, "faults[0].ms", "expected `int`"),
        ({"where": "mint", "what": "latency", "ms": 1, "seconds": 2}, "faults[0].seconds", "Unknown"),
        ({"where": "mint", "what": "latency", "ms": 1, "time": 2}, "faults[0].time", "Unknown"),
        ({"where": "mint", "what": "drop", "after_events": 2}, "faults[0].after_events", "Unknown"),
        ({"where": "models", "what": "malformed", "event": "error"}, "faults[0].event", "Unknown"),
        ({"where": "event", "what": "lose"}, "faults[0].event", "Missing required"),
        ({"where": "event", "what": "malformed"}, "faults[0].event", "Missing required"),
        ({"where": "mint", "what": "drop", "every": 0}, "faults[0].every", ">= 1"),
        ("drop", "faults[0]", "expected `object`"),
    ],
)
def test_a_wrong_rule_is_refused_by_the_name_of_its_member(rule: Any, param: str, words: str) -> None:
    with pytest.raises(ProtocolError) as refused:
        parse_rules([rule])
    assert refused.value.param == param
    assert words in refused.value.message


def test_one_rule_may_stand_without_a_list_and_anything_else_may_not() -> None:
    assert len(parse_rules({"where": "mint", "what": "drop"})) == 1
    with pytest.raises(ProtocolError, match="expected a rule or a list of rules"):
        parse_rules("drop")


def test_what_a_rule_leaves_open_is_filled_in() -> None:
    assert parse_rule({"where": "event", "what": "without_usage"}).event == "response.done"
    assert str(parse_rule({"where": "event", "what": "duplicate"}).event).endswith("transcription.completed")
    assert parse_rule({"where": "socket", "what": "half_open"}).seconds == 60


@pytest.mark.parametrize(
    ("how", "harmed"),
    [
        ({}, "xxxxxx"),
        ({"times": 2}, "xx...."),
        ({"after": 2}, "..xxxx"),
        ({"every": 3}, "x..x.."),
        ({"after": 1, "every": 2, "times": 2}, ".x.x.."),
    ],
)
def test_a_rule_applies_as_often_as_it_says(how: dict[str, int], harmed: str) -> None:
    rules = FaultRules()
    rules.add("mint", "drop", **how)
    assert "".join("x" if rules.take(Place.MINT) else "." for _ in range(6)) == harmed


def test_only_occasions_that_a_rule_is_meant_for_count() -> None:
    rules = FaultRules()
    rules.add("event", "lose", event="error", times=1)
    assert not rules.take(Place.MINT)
    assert not rules.take(Place.EVENT, event="response.done")
    assert [rule.what for rule in rules.take(Place.EVENT, event="error")] == [What.LOSE]
    (held,) = rules
    assert (held.seen, held.applied) == (1, 1)


def test_rules_are_removed_by_their_id_or_all_together() -> None:
    rules = FaultRules()
    first, second = rules.add("mint", "drop"), rules.add("models", "drop")
    assert first != second
    assert rules.remove(first)
    assert not rules.remove(first)
    rules.clear()
    assert len(rules) == 0
    assert rules.add("mint", "drop") not in {first, second}


def test_past_the_limit_no_rule_is_held_and_none_of_several() -> None:
    rules = FaultRules(limit=2)
    rules.add("mint", "drop")
    with pytest.raises(ProtocolError, match="At most 2 faults") as refused:
        rules.hold(*parse_rules([{"where": "mint", "what": "drop"}] * 2))
    assert refused.value.code == "too_many_faults"
    assert len(rules) == 1


@pytest.mark.parametrize(
    ("what", "here", "place"),
    [
        (What.REFUSE, Place.MINT, Place.MINT),
        (What.MALFORMED, Place.SOCKET, Place.EVENT),
        (What.MALFORMED, Place.MODELS, Place.MODELS),
        (What.LATE, Place.CALLS, Place.EVENT),
        (What.EXPIRE, Place.SOCKET, Place.SESSION),
        (What.STALL, Place.MINT, Place.MINT),
    ],
)
def test_where_a_fault_is_meant_follows_from_the_request_that_asks_for_it(
    what: What, here: Place, place: Place
) -> None:
    assert place_of(what, here) is place


def test_the_rules_of_a_script_are_checked_and_the_line_is_named() -> None:
    script = "hears: [Hi]\nfaults:\n  - {where: mint, what: drop}\n  - {where: mint, what: stall}"
    with pytest.raises(
        ScriptError, match=r"^s.yaml, line 4, faults\[1\]\.where: 'stall' does not happen at 'mint'"
    ):
        parse_script_rules(parse_script(script, source="s.yaml"))
    (rule,) = parse_script_rules(parse_script(script.replace("stall", "drop").rpartition("\n")[0]))
    assert (rule.where, rule.what) == (Place.MINT, What.DROP)
