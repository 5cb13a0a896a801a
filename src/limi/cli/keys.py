"""`limi key`: Limi's own keys, on the server's machine."""

from datetime import datetime
from typing import Annotated, Final

import typer

from limi.cli.operating import ConfigFile, Operator, operate, pages
from limi.cli.options import end_option
from limi.cli.output import (
    AsJSON,
    Quiet,
    Yes,
    confirm,
    moment,
    print_answer,
    print_issued,
    print_json,
    print_table,
)
from limi.features.api_keys.model import ApiKey, IssuedKey, KeyID, NewKey
from limi.http.admin.answers import IssuedKeyAnswer, KeyAnswer
from limi.kernel.principal import Scope

__all__ = ["key_app"]

_PREFIX: Final = "limi_sk_"
_ID_LENGTH: Final = 8

key_app = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)


def _key_id(text: str) -> str:
    """Accept what `limi key list` shows of a key as well as its id alone."""
    return text.removeprefix(_PREFIX)[:_ID_LENGTH] if text.startswith(_PREFIX) else text


_Key = Annotated[str, typer.Argument(metavar="KEY", help="The key's id, or its prefix.", parser=_key_id)]


@key_app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for, in a few words.")],
    *,
    scope: Annotated[list[Scope] | None, typer.Option(help="What it allows; without any, mint.")] = None,
    tenant: Annotated[str | None, typer.Option(help="The tenant it belongs to; without it, the operator.")] = None,
    origin: Annotated[list[str] | None, typer.Option(help="An origin whose pages may use it.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="A model it may ask for; without any, all.")] = None,
    profile: Annotated[list[str] | None, typer.Option(help="A profile it may use; without any, all.")] = None,
    max_ttl_seconds: Annotated[int | None, typer.Option(help="Longest life of an ephemeral key.")] = None,
    tokens_per_minute: Annotated[int | None, typer.Option(help="Its own limit of mints.")] = None,
    expires: Annotated[datetime | None, end_option("When it ends; without it, never.")] = None,
    quiet: Quiet = False,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Make a key and print its token, this once: only a hash of it is kept."""
    new = NewKey(
        name=name,
        scopes=frozenset(scope or (Scope.MINT,)),
        tenant=tenant,
        origins=_names(origin),
        models=_names(model),
        profiles=_names(profile),
        max_ttl_seconds=max_ttl_seconds,
        tokens_per_minute=tokens_per_minute,
        expires_at=expires.timestamp() if expires else None,
    )

    async def work(operator: Operator) -> tuple[IssuedKey, float]:
        return await operator.keys.create(new, by=operator.by, origin=operator.origin), operator.now()

    _show_issued(*operate(config, work), quiet=quiet, as_json=as_json)


@key_app.command("list")
def list_(
    *,
    tenant: Annotated[str | None, typer.Option(help="Only keys of this tenant.")] = None,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """List keys, the oldest first."""

    async def work(operator: Operator) -> tuple[list[ApiKey], float]:
        found = await pages(operator.keys.list, place=lambda key: key.id, by=operator.by, tenant=tenant)
        return found, operator.now()

    keys, now = operate(config, work)
    if as_json:
        print_json([KeyAnswer.of(key, now=now) for key in keys])
        return
    rows = (
        (
            key.prefix,
            key.name,
            key.status(now),
            key.tenant,
            key.scopes,
            moment(key.expires_at),
            moment(key.last_used_at),
        )
        for key in keys
    )
    columns = ("Key", "Name", "Status", "Tenant", "Scopes", "Expires", "Last used")
    print_table(columns, rows, empty="There are no keys. Make one: limi key create NAME")


@key_app.command()
def show(key: _Key, *, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Show a key, without its token."""

    async def work(operator: Operator) -> tuple[ApiKey, float]:
        return await operator.keys.get(KeyID(key), by=operator.by), operator.now()

    found, now = operate(config, work)
    print_answer(KeyAnswer.of(found, now=now), as_json=as_json)


@key_app.command()
def rotate(
    key: _Key,
    *,
    overlap_seconds: Annotated[int, typer.Option(min=0, help="How long the token of before still works.")] = 0,
    yes: Yes = False,
    quiet: Quiet = False,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Give a key another token and print it, this once; the one before stops after the overlap."""
    if not overlap_seconds:
        confirm(f"The token of the key {key} stops working at once. Rotate it?", yes=yes)

    async def work(operator: Operator) -> tuple[IssuedKey, float]:
        issued = await operator.keys.rotate(
            KeyID(key), overlap_seconds=overlap_seconds, by=operator.by, origin=operator.origin
        )
        return issued, operator.now()

    _show_issued(*operate(config, work), quiet=quiet, as_json=as_json)


@key_app.command()
def revoke(key: _Key, *, yes: Yes = False, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """End a key for ever; ephemeral keys made with it live on upstream until they expire."""
    confirm(f"The key {key} stops working for ever. Revoke it?", yes=yes)

    async def work(operator: Operator) -> tuple[ApiKey, float]:
        return await operator.keys.revoke(KeyID(key), by=operator.by, origin=operator.origin), operator.now()

    revoked, now = operate(config, work)
    if as_json:
        print_json(KeyAnswer.of(revoked, now=now))
    else:
        typer.echo(f"The key {revoked.prefix} is revoked.")


def _names(given: list[str] | None) -> frozenset[str] | None:
    return frozenset(given) if given else None


def _show_issued(issued: IssuedKey, now: float, *, quiet: bool, as_json: bool) -> None:
    secret = issued.token.reveal()
    answer = IssuedKeyAnswer(key=KeyAnswer.of(issued.key, now=now), secret=secret)
    print_issued(answer, secret, f"token of the key {issued.key.prefix}", quiet=quiet, as_json=as_json)
