"""`limi config`: the settings in force."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from limi.adapters.configuration import load_settings, setting_infos
from limi.kernel.secret import Secret

__all__ = ["config"]

_OPTION: Final = re.compile(r"(?<=[?&])(?P<name>(?:ssl)?password=)[^&]*", re.IGNORECASE)
"""Where a database's options hold a password."""


def config(
    *,
    file: Annotated[Path | None, typer.Option("--config", help="TOML file with settings.", dir_okay=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Print the effective settings, with secrets hidden."""
    tree: dict[str, Any] = msgspec.to_builtins(load_settings(file=file), enc_hook=_hide)
    tree["database"]["url"] = _without_password(tree["database"]["url"])
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


def _without_password(url: str) -> str:
    """Hide what a URL says beside the user's name; a name without a password may be a token, and is hidden too.

    The last `@` of all ends it: a password with an unescaped `/`, `?` or `@` would otherwise be shown in part, and
    to hide too much is the lesser mistake.
    """
    start = url.find("://") + len("://") if "://" in url else 0
    userinfo, at, place = url[start:].rpartition("@")
    # A path follows at once where there is no host, as with SQLite.
    if at and not userinfo.startswith("/"):
        user, colon, _ = userinfo.partition(":")
        url = f"{url[:start]}{user + colon if colon else ''}{Secret('')}@{place}"
    return _OPTION.sub(lambda found: f"{found['name']}{Secret('')}", url)
