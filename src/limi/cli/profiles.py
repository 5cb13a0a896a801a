"""`limi profile`: session configs in the database, on the server's machine."""

import sys
import tomllib
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from limi.cli.operating import ConfigFile, Operator, operate, pages
from limi.cli.output import AsJSON, Yes, confirm, moment, print_facts, print_json, print_table
from limi.features.profiles.model import ProfileVersion
from limi.http.admin.answers import ProfileAnswer, ProfileSummary
from limi.http.admin.profile_members import ProfileMembers, profile_of
from limi.http.decoding import explain
from limi.kernel.settings import Profile

__all__ = ["profile_app"]

profile_app = typer.Typer(help="Put, list and delete the profiles in the database.", no_args_is_help=True)

_MOST_BYTES: Final = 1_048_576
"""Far above what a profile may have, so that a wrong file is refused before it is read."""
_MOST_VERSIONS: Final = 2**31 - 1
"""Which PostgreSQL's numbers end at."""

_Name = Annotated[str, typer.Argument(metavar="NAME", help="1–64 characters of a–z 0–9 -.")]
_Tenant = Annotated[str | None, typer.Option(help="Whose it is; without it, every tenant's.")]


@profile_app.command()
def put(
    name: _Name,
    file: Annotated[
        Path,
        typer.Argument(
            help="TOML with the members of a [profiles.NAME] table, or JSON as the API has it; - reads JSON.",
            allow_dash=True,
        ),
    ],
    *,
    tenant: _Tenant = None,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Make a new version of a profile from a file; mints use it from then on."""
    profile = _read(file)

    async def work(operator: Operator) -> ProfileVersion:
        return await operator.profiles.put(name, profile, tenant=tenant, by=operator.by, origin=operator.origin)

    made = operate(config, work)
    if as_json:
        print_json(ProfileAnswer.of(made))
    else:
        typer.echo(f"Version {made.version} of the profile {made.name} is in use.")


@profile_app.command("list")
def list_(*, tenant: _Tenant = None, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """List the profiles of a tenant, or the global ones; those of the configuration file are not here."""

    async def work(operator: Operator) -> list[ProfileVersion]:
        return await pages(operator.profiles.list, place=lambda each: each.name, by=operator.by, tenant=tenant)

    _show_all(operate(config, work), as_json=as_json)


@profile_app.command()
def show(
    name: _Name,
    *,
    tenant: _Tenant = None,
    version: Annotated[
        int | None, typer.Option(min=1, max=_MOST_VERSIONS, help="Which version; without it, the newest.")
    ] = None,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Show a profile."""

    async def work(operator: Operator) -> ProfileVersion:
        return await operator.profiles.get(name, tenant=tenant, version=version, by=operator.by)

    answer = ProfileAnswer.of(operate(config, work))
    if as_json:
        print_json(answer)
        return
    facts = msgspec.to_builtins(answer)
    members = facts.pop("profile") or {}
    print_facts(facts | members)


@profile_app.command()
def versions(name: _Name, *, tenant: _Tenant = None, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """List the newest hundred versions of a profile, deletions too."""

    async def work(operator: Operator) -> list[ProfileVersion]:
        return list(await operator.profiles.versions(name, tenant=tenant, by=operator.by))

    _show_all(operate(config, work), as_json=as_json)


@profile_app.command()
def delete(
    name: _Name, *, tenant: _Tenant = None, yes: Yes = False, as_json: AsJSON = False, config: ConfigFile = None
) -> None:
    """Have the name mean what it meant without this profile; its versions stay to be read."""
    confirm(f"Mints that ask for the profile {name} get another one, or none. Delete it?", yes=yes)

    async def work(operator: Operator) -> ProfileVersion:
        return await operator.profiles.delete(name, tenant=tenant, by=operator.by, origin=operator.origin)

    deletion = operate(config, work)
    if as_json:
        print_json(ProfileSummary.of(deletion))
    else:
        typer.echo(f"The profile {deletion.name} is deleted.")


def _read(file: Path) -> Profile:
    """Read a profile.

    Raises:
        typer.BadParameter: the file cannot be read, or holds no profile.
    """
    try:
        text = sys.stdin.buffer.read(_MOST_BYTES) if file == Path("-") else _bytes_of(file)
        if file.suffix == ".toml":
            return msgspec.convert(tomllib.loads(text.decode()), type=Profile)
        return profile_of(msgspec.json.decode(text, type=ProfileMembers))
    except msgspec.ValidationError as exc:
        kind = Profile if file.suffix == ".toml" else ProfileMembers
        raise typer.BadParameter(f"{file}: {explain(str(exc), kind, whole='the profile')}") from None
    except (msgspec.DecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise typer.BadParameter(f"{file}: {exc}") from None
    except OSError as exc:
        raise typer.BadParameter(f"{file}: {exc.strerror}") from None


def _bytes_of(file: Path) -> bytes:
    with file.open("rb") as source:
        return source.read(_MOST_BYTES)


def _show_all(found: list[ProfileVersion], *, as_json: bool) -> None:
    if as_json:
        print_json(list(map(ProfileSummary.of, found)))
        return
    rows = (
        (
            each.name,
            each.version,
            each.tenant,
            moment(each.created_at),
            each.created_by,
            "deletion" if each.profile is None else each.profile.model,
        )
        for each in found
    )
    columns = ("Profile", "Version", "Tenant", "Made", "By", "Model")
    print_table(columns, rows, empty="There are no profiles in the database. Make one: limi profile put NAME FILE")
