import json
from typing import Any

import pytest

from limi.sandbox.scripts.templates import ArgumentTemplate, Filling, Template, TemplateError, UnfilledError

_FILLING = Filling(
    words="weather in Rome for 2 days",
    taken={"city": "Rome", "1": "2"},
    results=[("get_weather", '{"sky": "sunny", "days": [{"degrees": 21}, {"degrees": 19.5}]}'), ("beep", "done")],
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Nothing to fill.", "Nothing to fill."),
        ("In {city}: {text}", "In Rome: weather in Rome for 2 days"),
        ("{ city }", "Rome"),
        ("{result}", "done"),
        ("{results.get_weather.sky}", "sunny"),
        ("{results.get_weather.days.1.degrees} degrees", "19.5 degrees"),
        ("{results.get_weather.days.0}", '{"degrees":21}'),
        ("{{literally}} {1}", "{literally} 2"),
        ("{1:number}", "2"),
    ],
)
def test_gaps_are_filled(text: str, filled: str) -> None:
    assert Template(text).fill(_FILLING) == filled


def test_arguments_keep_the_type_of_a_gap_that_is_the_whole_text() -> None:
    arguments = {
        "city": Template("{city}"),
        "days": Template("{1:number}"),
        "first": [Template("{results.get_weather.days.0}")],
        "label": Template("{1} days"),
        "fixed": {"yes": True, "none": None},
    }
    assert json.loads(ArgumentTemplate(arguments).fill(_FILLING)) == {
        "city": "Rome",
        "days": 2,
        "first": [{"degrees": 21}],
        "label": "2 days",
        "fixed": {"yes": True, "none": None},
    }


@pytest.mark.parametrize("text", ["{", "}", "{}", "{a b}", "{city:upper}", "{city!r}"])
def test_what_is_no_gap_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(TemplateError, match="double a brace"):
        Template(text)


@pytest.mark.parametrize(
    ("text", "has_result", "rule"),
    [
        ("{place}", False, r"\{place\}: there is nothing of this name here, only \{text\}, \{city\}"),
        ("{result}", False, "no step before this one calls a function"),
        ("{results}", True, "needs the function's name"),
        ("{city.name}", True, "only results have members"),
    ],
)
def test_a_gap_that_nothing_can_fill_is_found_beforehand(text: str, has_result: Any, rule: str) -> None:
    with pytest.raises(TemplateError, match=rule):
        Template(text).check({"city"}, has_result=has_result)


def test_a_good_template_passes_the_check() -> None:
    Template("{city} {text} {result.a} {results.f.b}").check({"city"}, has_result=True)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("{results.other}", "other has returned nothing yet"),
        ("{results.get_weather.rain}", 'there is no "rain" in the result {"sky"'),
        ("{results.get_weather.days.7}", 'there is no "7"'),
        ("{result.member}", 'there is no "member" in the result done'),
        ("{city:number}", "'Rome' is not a number"),
    ],
)
def test_a_result_that_lacks_something_is_said(text: str, missing: str) -> None:
    with pytest.raises(UnfilledError) as caught:
        Template(text).fill(_FILLING)
    assert missing in str(caught.value)


def test_without_any_result_there_is_none_to_tell() -> None:
    with pytest.raises(UnfilledError, match="no function has returned anything yet"):
        Template("{result}").fill(Filling(words="", taken={}, results=[]))


@pytest.mark.parametrize("value", ["nan", "inf", "1e999"])
def test_only_finite_numbers_are_numbers(value: str) -> None:
    with pytest.raises(UnfilledError, match="is not a number"):
        Template("{n:number}").fill(Filling(words="", taken={"n": value}, results=[]))
