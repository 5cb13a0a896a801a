"""`limi tenant`: the operator's customers, on the server's machine."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from limi.cli.operating import ConfigFile, Operator, operate, pages
from limi.cli.output import AsJSON, Yes, confirm, print_answer, print_json, print_table
from limi.features.tenants.model import NewTenant, Tenant, TenantChanges
from limi.http.admin.answers import TenantAnswer

__all__ = ["tenant_app"]

tenant_app = typer.Typer(help="Make, change, suspend and remove tenants.", no_args_is_help=True)

_ID = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's id.")]
_Tokens = Annotated[int | None, typer.Option("--tokens-per-minute", help="Limit of mints, of all its callers.")]
_Connections = Annotated[int | None, typer.Option("--connections-per-minute", help="Limit of connections.")]
_Models = Annotated[list[str] | None, typer.Option("--model", help="A model its callers may ask for.")]
_Profiles = Annotated[list[str] | None, typer.Option("--profile", help="A profile its callers may use.")]


class Bound(StrEnum):
    """What can be taken away from a tenant, so that nothing bounds it there."""

    TOKENS_PER_MINUTE = "tokens-per-minute"
    CONNECTIONS_PER_MINUTE = "connections-per-minute"
    MODELS = "models"
    PROFILES = "profiles"


@tenant_app.command()
def create(
    tenant: Annotated[
        str, typer.Argument(metavar="TENANT", help="Its id for ever: 1–40 characters of a–z 0–9 -.")
    ],
    *,
    name: Annotated[str, typer.Option(help="What people call it; the id where it is left out.")] = "",
    tokens_per_minute: _Tokens = None,
    connections_per_minute: _Connections = None,
    model: _Models = None,
    profile: _Profiles = None,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Make a tenant."""
    new = NewTenant(
        id=tenant,
        name=name,
        tokens_per_minute=tokens_per_minute,
        connections_per_minute=connections_per_minute,
        models=frozenset(model) if model else None,
        profiles=frozenset(profile) if profile else None,
    )

    async def work(operator: Operator) -> Tenant:
        return await operator.tenants.create(new, by=operator.by, origin=operator.origin)

    _tell(operate(config, work), "was made", as_json=as_json)


@tenant_app.command("list")
def list_(*, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """List tenants in order of ids."""

    async def work(operator: Operator) -> list[Tenant]:
        return await pages(operator.tenants.list, place=lambda each: each.id, by=operator.by)

    tenants = operate(config, work)
    if as_json:
        print_json(list(map(TenantAnswer.of, tenants)))
        return
    rows = (
        (each.id, each.name, each.status, each.tokens_per_minute, each.models, each.profiles) for each in tenants
    )
    columns = ("Tenant", "Name", "Status", "Tokens a minute", "Models", "Profiles")
    print_table(columns, rows, empty="There are no tenants. Make one: limi tenant create TENANT")


@tenant_app.command()
def show(tenant: _ID, *, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Show a tenant."""

    async def work(operator: Operator) -> Tenant:
        return await operator.tenants.get(tenant, by=operator.by)

    print_answer(TenantAnswer.of(operate(config, work)), as_json=as_json)


@tenant_app.command()
def update(
    tenant: _ID,
    *,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    tokens_per_minute: _Tokens = None,
    connections_per_minute: _Connections = None,
    model: _Models = None,
    profile: _Profiles = None,
    unset: Annotated[list[Bound] | None, typer.Option(help="A bound to take away; may be repeated.")] = None,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Change what is given and leave the rest as it is; models and profiles are said all anew."""
    given: dict[str, Any] = {
        "name": name,
        "tokens_per_minute": tokens_per_minute,
        "connections_per_minute": connections_per_minute,
        "models": frozenset(model) if model else None,
        "profiles": frozenset(profile) if profile else None,
    }
    changed = {member: value for member, value in given.items() if value is not None}
    removed: dict[str, Any] = {bound.value.replace("-", "_"): None for bound in unset or ()}
    if both := sorted(changed.keys() & removed.keys()):
        raise typer.BadParameter(f"{both[0]} is both set and taken away")
    if not changed and not removed:
        raise typer.BadParameter("nothing to change; see --help for what can be")
    changes = TenantChanges(**changed | removed)

    async def work(operator: Operator) -> Tenant:
        return await operator.tenants.update(tenant, changes, by=operator.by, origin=operator.origin)

    _tell(operate(config, work), "was changed", as_json=as_json)


@tenant_app.command()
def suspend(tenant: _ID, *, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Refuse its callers from now on; keys they were handed live on upstream until they expire."""
    _change(config, tenant, lambda operator: operator.tenants.suspend, "is suspended", as_json=as_json)


@tenant_app.command()
def resume(tenant: _ID, *, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Serve its callers again."""
    _change(config, tenant, lambda operator: operator.tenants.resume, "is served again", as_json=as_json)


@tenant_app.command()
def delete(tenant: _ID, *, yes: Yes = False, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Remove a tenant for ever, with its keys and profiles; its records stay, and its id is not given again."""
    confirm(f"The tenant {tenant} goes for ever, with its keys and profiles. Delete it?", yes=yes)
    _change(config, tenant, lambda operator: operator.tenants.delete, "is gone", as_json=as_json)


def _change(
    config: Path | None,
    tenant: str,
    change: Callable[[Operator], Callable[..., Awaitable[Tenant]]],
    what: str,
    *,
    as_json: bool,
) -> None:
    async def work(operator: Operator) -> Tenant:
        return await change(operator)(tenant, by=operator.by, origin=operator.origin)

    _tell(operate(config, work), what, as_json=as_json)


def _tell(tenant: Tenant, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(TenantAnswer.of(tenant))
    else:
        typer.echo(f"The tenant {tenant.id} {what}.")
