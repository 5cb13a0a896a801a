"""`limi config`: the settings in force."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from limi.adapters.configuration import load_settings, setting_infos
from limi.kernel.secret import Secret

__all__ = ["config"]

_PASSWORD: Final = re.compile(r"(?<=://)(?P<user>[^:/@]*:)[^@]*(?=@)|(?P<name>[?&](ssl)?password=)[^&]*")
"""Where a URL holds one: after the user's name, or among a database's options."""


def config(
    *,
    file: Annotated[Path | None, typer.Option("--config", help="TOML file with settings.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Print the effective settings, with secrets hidden."""
    tree: dict[str, Any] = msgspec.to_builtins(load_settings(file=file), enc_hook=_hide)
    for group in ("database", "upstream"):
        tree[group]["url"] = _without_password(tree[group]["url"])
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(tree)).decode())
        return
    for info in setting_infos():
        group, _, name = info.path.rpartition(".")
        value = tree[group][name] if group else tree[name]
        typer.echo(f"{info.env} = {msgspec.json.encode(value).decode()}")


def _hide(value: object) -> str:
    if isinstance(value, Secret):
        return str(value)
    raise NotImplementedError


def _without_password(url: str | None) -> str | None:
    return url and _PASSWORD.sub(lambda found: f"{found['user'] or found['name']}{Secret('')}", url)
