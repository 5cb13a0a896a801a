"""Writes the parts of the documents that repeat the code or a run: settings, errors, measurements, examples.

A generated part stands between two comments, `<!-- generated: NAME -->` and `<!-- end of NAME -->`; what is around
it is written by hand. `--check` writes nothing and fails where a part is not what the code says today.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from benchmarks.table import render_committed
from conformance.table import render_committed as render_conformance
from limi.adapters.configuration import SettingInfo, setting_infos
from limi.features.client_secrets.models import ALIASES
from limi.features.webhooks.payload import DELIVERABLE, EVENT_TYPES, TEST_TYPE, Deliverable
from limi.kernel.errors import CATALOGUE, ErrorEntry
from limi.kernel.secret import Secret
from limi.kernel.settings import ENVIRONMENT_DEFAULTS, GROUPS, Environment, Profile, Settings
from limi.kernel.webhook_settings import WebhookSettings
from limi.protocol.models import REALTIME_MODELS
from scripts.client_behaviour import render_committed as render_clients
from scripts.client_sizes import render_sizes
from scripts.llms import render_llms
from scripts.recipes import PAGES

__all__ = ["PARTS", "Part", "fill", "main", "renew"]

ROOT: Final = Path(__file__).resolve().parent.parent

_KINDS: Final[Mapping[Any, str]] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    tuple: "list of texts",
    dict: "table",
    Secret: "secret",
}
_SIGNS: Final = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


@dataclass(frozen=True, slots=True)
class Part:
    """One generated stretch of one document."""

    file: str
    """Its path in the repository."""
    name: str | None
    """None for a document that is generated as a whole."""
    render: Callable[[], str]


def main() -> None:
    """Write every part, or with `--check` only say which are stale."""
    parser = argparse.ArgumentParser(description="Write the generated parts of the documents.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a part is stale")
    check: bool = parser.parse_args().check
    stale = renew(ROOT, check=check)
    for file in stale:
        said = "is stale. Renew it: .venv/bin/python -m scripts.generate_docs" if check else "was written."
        print(f"{file} {said}", file=sys.stderr)
    sys.exit(1 if check and stale else 0)


def renew(root: Path, *, check: bool) -> list[str]:
    """Return which documents below `root` were not current; unless only checking, they are now."""
    stale = []
    for file in dict.fromkeys(part.file for part in PARTS):
        text = (root / file).read_text(encoding="utf-8")
        wanted = fill(file, text)
        if wanted != text:
            stale.append(file)
            if not check:
                (root / file).write_text(wanted, encoding="utf-8")
    return stale


def fill(file: str, text: str) -> str:
    """Return `text`, a document that stands at `file`, with every part of that file as the code says today.

    Raises:
        ValueError: a part's comments are missing.
    """
    for part in PARTS:
        if part.file == file and part.name is None:
            text = f"{part.render().strip()}\n"
        elif part.file == file:
            begin, end = f"<!-- generated: {part.name} -->", f"<!-- end of {part.name} -->"
            head, found, rest = text.partition(begin)
            _, ended, tail = rest.partition(end)
            if not found or not ended:
                raise ValueError(f"{file} lacks {begin} … {end}")
            text = f"{head}{begin}\n{part.render().strip()}\n{end}{tail}"
    return text


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def _settings_in_short() -> str:
    """List the settings whose variable was given its name, which are those that most people meet.

    The standard's names of OpenTelemetry are left out: who needs them knows them.
    """
    chosen = (info for info in setting_infos() if _has_own_name(info) and not info.env.startswith("OTEL_"))
    return _table(
        ("Variable", "Default", "Meaning"),
        ((f"`{info.env}`", _shown(info.default), info.description) for info in chosen),
    )


def _has_own_name(info: SettingInfo) -> bool:
    group, _, name = info.path.rpartition(".")
    return bool(_meta(GROUPS[group] if group else Settings, name).extra)


def _settings() -> str:
    infos = list(setting_infos())
    sections: list[tuple[str, str, type[msgspec.Struct]]] = [("", "What stands in no table.", Settings)]
    sections += [(name, _title(cls), cls) for name, cls in GROUPS.items()]
    parts = []
    for group, title, cls in sections:
        rows = (
            (
                f"`{info.path}`<br>`{info.env}`",
                _kind(cls, info.path.rpartition(".")[2]),
                _shown(info.default),
                info.description,
            )
            for info in infos
            if info.path.rpartition(".")[0] == group
        )
        heading = f"`[{group}]`" if group else "Top level"
        table = _table(("Setting and variable", "Kind", "Default", "Meaning"), rows)
        parts.append(f"### {heading}\n\n{title}\n\n{table}")
    return "\n\n".join(parts)


def _profile_members() -> str:
    return _table(
        ("Member", "Kind", "Default", "Meaning"),
        ((f"`{name}`", _kind(Profile, name), _shown(value), text) for name, value, text in _members_of_profile()),
    )


def _members_of_profile() -> Iterator[tuple[str, object, str]]:
    for name in Profile.__struct_fields__:
        yield name, getattr(Profile(), name), _meta(Profile, name).description or ""


def _environments() -> str:
    paths = dict.fromkeys(
        f"{group}.{name}"
        for groups in ENVIRONMENT_DEFAULTS.values()
        for group, names in groups.items()
        for name in names
    )
    defaults = {info.path: info.default for info in setting_infos()}

    def shown(environment: Environment, path: str) -> str:
        group, _, name = path.partition(".")
        return _shown(ENVIRONMENT_DEFAULTS[environment].get(group, {}).get(name, defaults[path]))

    rows = ((f"`{path}`", *(shown(environment, path) for environment in Environment)) for path in paths)
    return _table(("Setting", *(f"`{environment}`" for environment in Environment)), rows)


def _example() -> str:
    """Return a configuration file that says every default and changes none."""
    lines = ["```toml", "# A line with a name is a default of development: remove its # to change it."]
    group = ""
    for info in setting_infos():
        if info.path == "profiles":
            continue
        section, _, name = info.path.rpartition(".")
        if section != group:
            group = section
            lines += ["", f"[{group}]"]
        lines += _commented(name, info.default, info.description)
    lines += ["", "[profiles.default]"]
    for member in _members_of_profile():
        lines += _commented(*member)
    return "\n".join([*lines, "```"])


def _commented(name: str, value: object, text: str) -> list[str]:
    said = f"# {text}"
    return [f"{said} ({name} is unset.)"] if value is None else [said, f"#{name} = {_toml(value)}"]


def _models() -> str:
    def names(model: str) -> str:
        return ", ".join(f"`{alias}`" for alias, target in ALIASES.items() if target == model) or "–"

    return _table(
        ("Model", "Shuts down on", "Then replaced by", "Further names"),
        (
            (
                f"`{model.name}`",
                model.shutdown.isoformat() if model.shutdown else "not announced",
                f"`{model.replacement}`" if model.replacement else "–",
                names(model.name),
            )
            for model in REALTIME_MODELS.values()
        ),
    )


def _errors() -> str:
    rows = (
        (f"[`{entry.code}`](#{entry.code})", _status(entry), _wait(entry), entry.message)
        for entry in CATALOGUE.values()
    )
    table = _table(("Code", "Status", "`retryAfter`", "Message"), rows)
    return "\n\n".join([table, *(_error(entry) for entry in CATALOGUE.values())])


def _error(entry: ErrorEntry) -> str:
    language = "js" if entry.example.startswith("const ") else "bash"
    return "\n".join(
        (
            f"## {entry.code}",
            "",
            f"**{entry.title}** · {_status(entry)} · {entry.message}.",
            "",
            f"What to do: {entry.action or 'look at the list below'}.",
            "",
            *(f"- {check}" for check in entry.checks),
            "",
            f"```{language}",
            entry.example,
            "```",
        )
    )


def _webhook_events() -> str:
    def facts(kind: str) -> list[Deliverable]:
        return [known for known in DELIVERABLE.values() if known.type == kind]

    rows = (
        (
            f"`{kind}`",
            "; ".join(known.meaning for known in facts(kind)),
            ", ".join(f"`{member}`" for member in facts(kind)[0].members),
        )
        for kind in (*EVENT_TYPES, TEST_TYPE)
    )
    return _table(("Type", "When", "Members of `data`"), rows)


def _webhook_schedule() -> str:
    delays = WebhookSettings().schedule
    rows = (
        (str(number), "at once" if number == 1 else _span(delays[number - 2]), _span(sum(delays[: number - 1])))
        for number in range(1, len(delays) + 2)
    )
    return _table(("Try", "After the one before", "After the event"), rows)


def _span(seconds: float) -> str:
    """Say a time in its two largest units."""
    parts = []
    for name, size in (("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(int(seconds), size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def _program(language: str, file: str) -> str:
    return f"```{language}\n{(ROOT / file).read_text(encoding='utf-8').strip()}\n```"


def _status(entry: ErrorEntry) -> str:
    return str(entry.status) if entry.status else "raised by the client"


def _wait(entry: ErrorEntry) -> str:
    return f"{entry.retry_after_ms} ms" if entry.retry_after_ms else "–"


def _title(cls: type[msgspec.Struct]) -> str:
    return (cls.__doc__ or "").strip().splitlines()[0]


def _meta(cls: type[msgspec.Struct], name: str) -> msgspec.Meta:
    hint = get_type_hints(cls, include_extras=True)[name]
    return next(arg for arg in get_args(hint) if isinstance(arg, msgspec.Meta))


def _kind(cls: type[msgspec.Struct], name: str) -> str:
    """Say what a setting takes: its type and its bounds."""
    hint, meta = get_type_hints(cls, include_extras=True)[name], _meta(cls, name)
    bounds = [f"{sign} {bound:g}" for rule, sign in _SIGNS.items() if (bound := getattr(meta, rule)) is not None]
    return ", ".join([_kind_of(get_args(hint)[0]), *bounds])


def _kind_of(hint: Any) -> str:  # noqa: ANN401 - whatever stands in an annotation
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _kind_of(args[0])
    if origin in (Union, UnionType):
        return _kind_of(next(arg for arg in args if arg is not type(None)))
    if origin is Literal:
        return " or ".join(f"`{choice}`" for choice in args)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(f"`{choice.value}`" for choice in hint)
    return _KINDS.get(hint) or ("list of texts" if origin is tuple else "table")


def _shown(value: object) -> str:
    if value is None:
        return "unset"
    if isinstance(value, Mapping) and any(isinstance(item, Profile) for item in value.values()):
        return f"one: {', '.join(f'`{name}`' for name in value)}"
    if value in ((), {}):
        return "none"
    return f"`{value}`" if isinstance(value, str) else f"`{_toml(value)}`"


def _toml(value: object) -> str:
    """Return a value as TOML writes it; JSON differs for tables only."""
    if isinstance(value, Mapping):
        members = ", ".join(f"{name} = {_toml(member)}" for name, member in value.items())
        return f"{{ {members} }}" if members else "{}"
    return re.sub(r"\.0$", "", msgspec.json.encode(value).decode())


PARTS: Final = (
    Part("README.md", "settings in short", _settings_in_short),
    Part("README.md", "what a mint costs", partial(render_committed, "mint")),
    Part("README.md", "conformance", render_conformance),
    Part("README.md", "clients", render_clients),
    Part("docs/BENCHMARKS.md", "results", render_committed),
    Part("docs/CONFIGURATION.md", "settings", _settings),
    Part("docs/CONFIGURATION.md", "environments", _environments),
    Part("docs/CONFIGURATION.md", "profile members", _profile_members),
    Part("docs/CONFIGURATION.md", "example", _example),
    Part("docs/MODELS_GUIDE.md", "models", _models),
    Part("docs/REFERENCE_GUIDE.md", "errors", _errors),
    Part("docs/webhooks.md", "events", _webhook_events),
    Part("docs/webhooks.md", "schedule", _webhook_schedule),
    Part(
        "docs/webhooks.md",
        "receiver in Python",
        partial(_program, "python", "examples/webhooks/python/receiver.py"),
    ),
    Part("docs/webhooks.md", "receiver in Node", partial(_program, "js", "examples/webhooks/node/receiver.js")),
    Part("docs/clients.md", "behaviour", render_clients),
    Part("docs/clients.md", "sizes", render_sizes),
    *(Part(*page) for page in PAGES),
    # The last one, because it quotes the others' beginnings.
    Part("src/limi/http/llms.txt", None, render_llms),
)


if __name__ == "__main__":
    main()
