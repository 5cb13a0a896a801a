"""Reads a script from YAML, and refuses it at the first line that breaks a rule.

The fields are explained in docs/sandbox-scripts.md; docs/sandbox-script.schema.json says the same to editors.
"""

from pathlib import Path
from typing import Final

from limi.sandbox.scripts.expressions import Expression, ExpressionError
from limi.sandbox.scripts.matching import Anything, Contains, Exactly, Matcher, Matches, Nothing, plain_words
from limi.sandbox.scripts.model import (
    Call,
    Fail,
    Hears,
    Otherwise,
    Say,
    Script,
    ScriptedFault,
    ScriptError,
    Step,
    Turn,
    Wait,
)
from limi.sandbox.scripts.nodes import Node, read_yaml
from limi.sandbox.scripts.templates import ArgumentTemplate, Template, TemplateError
from limi.sandbox.speech import SpeechError
from limi.sandbox.speech.likeness import contour_of_file

__all__ = ["load_script", "parse_script"]

_MOST_BYTES: Final = 1024 * 1024
"""A thousand turns are a tenth of it."""
_LONGEST_SECONDS: Final = 3600.0
"""A session lasts no longer."""
_TOP: Final = ("hears", "turns", "order", "otherwise", "faults")
_TURN: Final = ("user", "assistant", "times", "metadata")
_USER: Final = ("exactly", "contains", "matches")
_HEARS: Final = (
    "text",
    "utterance",
    "longer_than_seconds",
    "shorter_than_seconds",
    "sounds_like",
    "after_seconds",
)
_STEP: Final = ("say", "call", "arguments", "wait_seconds", "fail")
_FAIL: Final = ("message", "code")
_ANY_ORDER, _GIVEN_ORDER = "any", "given"


def load_script(path: Path) -> Script:
    """Read a script from a file.

    Raises:
        ScriptError: When the file cannot be read, or is no script.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        text = content.decode()
    except OSError as error:
        rule = f"the file cannot be read: {error.strerror}"
        raise ScriptError(source=str(path), line=None, field="", rule=rule) from error
    except UnicodeDecodeError as error:
        raise ScriptError(source=str(path), line=None, field="", rule="the file is not UTF-8 text") from error
    return parse_script(text, source=path.name, folder=path.parent)


def parse_script(text: str, *, source: str = "script", folder: Path | None = None) -> Script:
    """Read a script from a text.

    Args:
        text: The YAML.
        source: What messages call it.
        folder: Where the files are that it names; the current folder unless given.

    Raises:
        ScriptError: When the text is no script.
    """
    if len(text) > _MOST_BYTES:
        rule = f"the script is larger than {_MOST_BYTES} characters"
        raise ScriptError(source=source, line=None, field="", rule=rule)
    top = read_yaml(text, source=source)
    fields = top.fields(_TOP)
    in_order = "order" in fields and fields["order"].choice((_ANY_ORDER, _GIVEN_ORDER)) == _GIVEN_ORDER
    otherwise = fields["otherwise"].choice(tuple(Otherwise)) if "otherwise" in fields else Otherwise.BRAIN
    if not fields.keys() & {"hears", "turns", "faults"}:
        raise top.error('a script has "turns", "hears", "faults", or several of them')
    return Script(
        source=source,
        hears=_hears(fields["hears"], folder or Path()) if "hears" in fields else (),
        turns=[_turn(node, in_order=in_order) for node in fields["turns"].items()] if "turns" in fields else (),
        in_order=in_order,
        otherwise=Otherwise(otherwise),
        faults=_faults(fields["faults"]) if "faults" in fields else (),
    )


def _faults(node: Node) -> list[ScriptedFault]:
    """Take rules as they are: what the backend runs, which may read scripts, knows nothing of faults."""
    items = node.items() if node.is_list else [node]
    return [
        ScriptedFault(
            members={name: value.json(lambda _, text: text) for name, value in item.members()}, line=item.line
        )
        for item in items
    ]


def _hears(node: Node, folder: Path) -> list[Hears]:
    heard: list[Hears] = []
    in_sequence = 0
    for item in node.items():
        if item.is_mapping:
            heard.append(_hears_if(item, folder))
        else:
            # A plain text is what the next utterance says, so that a list of them reads as a dialogue.
            in_sequence += 1
            heard.append(Hears(text=item.text(), utterance=in_sequence))
    return heard


def _hears_if(node: Node, folder: Path) -> Hears:
    fields = node.fields(_HEARS, required=("text",))

    def seconds(name: str) -> float | None:
        return fields[name].seconds(at_most=_LONGEST_SECONDS) if name in fields else None

    return Hears(
        text=fields["text"].text(),
        utterance=fields["utterance"].integer(at_least=1) if "utterance" in fields else None,
        longer_than_seconds=seconds("longer_than_seconds"),
        shorter_than_seconds=seconds("shorter_than_seconds"),
        sounds_like=_file(fields["sounds_like"], folder) if "sounds_like" in fields else None,
        after_seconds=seconds("after_seconds") or 0.0,
    )


def _file(node: Node, folder: Path) -> Path:
    path = folder / node.text()
    if not path.is_file():
        raise node.error(f"there is no file {path}")
    try:
        if not contour_of_file(path):
            raise node.error(f"{path} holds no sound")
    except SpeechError as error:
        raise node.error(str(error)) from None
    return path


def _turn(node: Node, *, in_order: bool) -> Turn:
    fields = node.fields(_TURN, required=("assistant",))
    metadata = _texts(fields["metadata"]) if "metadata" in fields else {}
    if "user" in fields:
        user = _matcher(fields["user"])
    elif metadata:
        user = Anything()
    else:
        raise node.error('the field "user" is missing; `user: any` takes whatever is said')
    if metadata and (in_order or "times" in fields):
        raise fields["metadata"].error("responses with metadata are not counted, so neither order nor times fit")
    times = fields["times"].integer(at_least=1) if "times" in fields else None
    return Turn(
        user=user,
        steps=_steps(fields["assistant"], user),
        times=1 if in_order and times is None else times,
        metadata=metadata,
        line=node.line,
    )


def _texts(node: Node) -> dict[str, str]:
    texts = {name: value.text() for name, value in node.members()}
    if not texts:
        raise node.error("must not be empty")
    return texts


def _matcher(node: Node) -> Matcher:
    if not node.is_mapping:
        match node.text():
            case "any":
                return Anything()
            case "nothing":
                return Nothing()
            case _:
                return _exactly(node)
    fields = node.fields(_USER)
    if len(fields) != 1:
        raise node.error(f"must have one of the fields {', '.join(_USER)}")
    ((name, value),) = fields.items()
    match name:
        case "exactly":
            return _exactly(value)
        case "contains":
            return Contains(tuple(_phrase(item) for item in (value.items() if value.is_list else [value])))
        case _:
            return _pattern(value)


def _exactly(node: Node) -> Exactly:
    return Exactly(_phrase(node))


def _phrase(node: Node) -> str:
    phrase = node.text()
    if not plain_words(phrase):
        raise node.error("must hold a word; punctuation is not compared")
    return phrase


def _pattern(node: Node) -> Matches:
    text = node.text()
    try:
        return Matches(Expression(text))
    except ExpressionError as error:
        raise node.error(f"is no regular expression: {error}") from None


def _steps(node: Node, user: Matcher) -> list[Step]:
    steps: list[Step] = []
    for item in node.items() if node.is_list else [node]:
        if steps and isinstance(steps[-1], Fail):
            raise item.error("nothing comes after a failure")
        # Calls that stand side by side go out together, so that none of them can know another's result.
        has_result = not _is_call(item) and any(isinstance(step, Call) for step in steps)
        steps.append(_step(item, user, has_result=has_result or _follows_results(steps)))
    return steps


def _is_call(node: Node) -> bool:
    return node.is_mapping and any(name == "call" for name, _ in node.members())


def _follows_results(steps: list[Step]) -> bool:
    """Return whether a call and something that is none have been before."""
    calls = [isinstance(step, Call) for step in steps]
    return True in calls and False in calls[calls.index(True) :]


def _step(node: Node, user: Matcher, *, has_result: bool) -> Step:
    if not node.is_mapping:
        return Say(_template(node, user, has_result=has_result))
    fields = node.fields(_STEP)
    kinds = [name for name in fields if name != "arguments"]
    if len(kinds) != 1:
        raise node.error(f"must have one of the fields {', '.join(n for n in _STEP if n != 'arguments')}")
    value = fields[kinds[0]]
    if "arguments" in fields and kinds[0] != "call":
        raise fields["arguments"].error("only a call has arguments")
    match kinds[0]:
        case "say":
            return Say(_template(value, user, has_result=has_result))
        case "wait_seconds":
            return Wait(value.seconds(at_most=_LONGEST_SECONDS))
        case "call":
            return Call(value.text(), _arguments(fields.get("arguments"), user, has_result=has_result))
        case _:
            return _fail(value)


def _fail(node: Node) -> Fail:
    if not node.is_mapping:
        return Fail(code="scripted_failure", message=node.text())
    fields = node.fields(_FAIL, required=("message",))
    code = fields["code"].text() if "code" in fields else "scripted_failure"
    return Fail(code=code, message=fields["message"].text())


def _template(node: Node, user: Matcher, *, has_result: bool) -> Template:
    return _checked(node.text(), node, user, has_result=has_result)


def _arguments(node: Node | None, user: Matcher, *, has_result: bool) -> ArgumentTemplate:
    if node is None:
        return ArgumentTemplate({})
    if not node.is_mapping:
        raise node.error("must have a field for each argument")

    def template(part: Node, text: str) -> Template:
        return _checked(text, part, user, has_result=has_result)

    return ArgumentTemplate(node.json(template))


def _checked(text: str, node: Node, user: Matcher, *, has_result: bool) -> Template:
    try:
        template = Template(text)
        template.check(user.names, has_result=has_result)
    except TemplateError as error:
        raise node.error(str(error)) from None
    return template
