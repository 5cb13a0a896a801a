"""`limi webhook`: who is told of what happens, on the server's machine."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from msgspec import UNSET

from limi.cli.deliveries import attempts, deliveries, replay
from limi.cli.listen import listen
from limi.cli.operating import ConfigFile, Operator, operate, pages
from limi.cli.output import AsJSON, Quiet, Yes, confirm, print_answer, print_issued, print_json, print_table
from limi.features.webhooks.model import Endpoint, EndpointChanges, EndpointId, IssuedEndpoint, NewEndpoint
from limi.http.admin.webhook_answers import IssuedWebhookAnswer, TestAnswer, WebhookAnswer

__all__ = ["webhook_app"]

webhook_app = typer.Typer(help="Make, change, test and replay webhook endpoints.", no_args_is_help=True)
webhook_app.command()(listen)
webhook_app.command()(deliveries)
webhook_app.command()(attempts)
webhook_app.command()(replay)

_DAY_SECONDS = 86_400
_ID = Annotated[str, typer.Argument(metavar="WEBHOOK", help="The endpoint's id.")]


@webhook_app.command()
def create(
    url: Annotated[str, typer.Argument(help="Where events are sent: an https URL.")],
    *,
    event: Annotated[list[str] | None, typer.Option(help="A type it is sent; without any, all.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose events; without it, every tenant's.")] = None,
    description: Annotated[str, typer.Option(help="What it is for, in a few words.")] = "",
    quiet: Quiet = False,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Make an endpoint and print its secret, this once: what is kept of it is sealed."""
    new = NewEndpoint(url=url, tenant=tenant, events=frozenset(event or ()), description=description)

    async def work(operator: Operator) -> tuple[IssuedEndpoint, float]:
        return await operator.webhooks.create(new, by=operator.by, origin=operator.origin), operator.now()

    _show_issued(*operate(config, work), quiet=quiet, as_json=as_json)


@webhook_app.command("list")
def list_(
    *,
    tenant: Annotated[str | None, typer.Option(help="Only endpoints of this tenant.")] = None,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """List endpoints, the oldest first."""

    async def work(operator: Operator) -> tuple[list[Endpoint], float]:
        found = await pages(operator.webhooks.list, place=lambda each: each.id, by=operator.by, tenant=tenant)
        return found, operator.now()

    endpoints, now = operate(config, work)
    if as_json:
        print_json([WebhookAnswer.of(endpoint, now=now) for endpoint in endpoints])
        return
    rows = (
        (
            endpoint.id,
            endpoint.url,
            endpoint.disabled_reason or endpoint.status,
            endpoint.tenant,
            sorted(endpoint.events) or "all",
            endpoint.description,
        )
        for endpoint in endpoints
    )
    columns = ("Webhook", "URL", "Status", "Tenant", "Events", "Description")
    print_table(columns, rows, empty="There are no endpoints. Make one: limi webhook create URL")


@webhook_app.command()
def show(webhook: _ID, *, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Show an endpoint, without its secrets."""

    async def work(operator: Operator) -> tuple[Endpoint, float]:
        return await operator.webhooks.get(EndpointId(webhook), by=operator.by), operator.now()

    endpoint, now = operate(config, work)
    print_answer(WebhookAnswer.of(endpoint, now=now), as_json=as_json)


@webhook_app.command()
def update(
    webhook: _ID,
    *,
    url: Annotated[str | None, typer.Option(help="Where events are sent.")] = None,
    event: Annotated[list[str] | None, typer.Option(help="A type it is sent; all of them anew.")] = None,
    all_events: Annotated[bool, typer.Option("--all-events", help="Send it every type.")] = False,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Change what is given and leave the rest as it is."""
    if event and all_events:
        raise typer.BadParameter("--event and --all-events are both given")
    if url is None and not event and not all_events and description is None:
        raise typer.BadParameter("nothing to change; see --help for what can be")
    changes = EndpointChanges(
        url=UNSET if url is None else url,
        events=frozenset(event or ()) if event or all_events else UNSET,
        description=UNSET if description is None else description,
    )

    async def work(operator: Operator) -> tuple[Endpoint, float]:
        changed = await operator.webhooks.update(
            EndpointId(webhook), changes, by=operator.by, origin=operator.origin
        )
        return changed, operator.now()

    _tell(*operate(config, work), "was changed", as_json=as_json)


@webhook_app.command()
def enable(webhook: _ID, *, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Send to an endpoint again, from the next event on."""
    _change(config, webhook, lambda operator: operator.webhooks.enable, "is enabled", as_json=as_json)


@webhook_app.command()
def disable(webhook: _ID, *, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Send nothing more to an endpoint, and cancel what waits for it."""
    _change(config, webhook, lambda operator: operator.webhooks.disable, "is disabled", as_json=as_json)


@webhook_app.command()
def delete(webhook: _ID, *, yes: Yes = False, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Remove an endpoint for ever, with what waits for it."""
    confirm(f"The endpoint {webhook} goes for ever, with what waits for it. Delete it?", yes=yes)
    _change(config, webhook, lambda operator: operator.webhooks.remove, "is gone", as_json=as_json)


@webhook_app.command()
def rotate(
    webhook: _ID,
    *,
    overlap_seconds: Annotated[
        int, typer.Option(min=0, help="How long deliveries are signed with the secret of before as well.")
    ] = _DAY_SECONDS,
    yes: Yes = False,
    quiet: Quiet = False,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Give an endpoint another secret and print it, this once; a day long both sign."""
    if not overlap_seconds:
        confirm(f"The secret of the endpoint {webhook} stops signing at once. Rotate it?", yes=yes)

    async def work(operator: Operator) -> tuple[IssuedEndpoint, float]:
        issued = await operator.webhooks.rotate_secret(
            EndpointId(webhook), overlap_seconds=overlap_seconds, by=operator.by, origin=operator.origin
        )
        return issued, operator.now()

    _show_issued(*operate(config, work), quiet=quiet, as_json=as_json)


@webhook_app.command("test")
def send_test(webhook: _ID, *, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Have a running server send a `webhook.test` event to an endpoint, whatever it is sent else."""

    async def work(operator: Operator) -> str:
        return await operator.webhooks.test(EndpointId(webhook), by=operator.by, origin=operator.origin)

    message = operate(config, work)
    if as_json:
        print_json(TestAnswer(message=message))
    else:
        typer.echo(f"The event {message} is on its way. See: limi webhook deliveries {webhook}")


def _change(
    config: Path | None,
    webhook: str,
    change: Callable[[Operator], Callable[..., Awaitable[Endpoint]]],
    what: str,
    *,
    as_json: bool,
) -> None:
    async def work(operator: Operator) -> tuple[Endpoint, float]:
        changed = await change(operator)(EndpointId(webhook), by=operator.by, origin=operator.origin)
        return changed, operator.now()

    _tell(*operate(config, work), what, as_json=as_json)


def _tell(endpoint: Endpoint, now: float, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(WebhookAnswer.of(endpoint, now=now))
    else:
        typer.echo(f"The endpoint {endpoint.id} {what}.")


def _show_issued(issued: IssuedEndpoint, now: float, *, quiet: bool, as_json: bool) -> None:
    answer, said = IssuedWebhookAnswer.of(issued, now=now), f"secret of the endpoint {issued.endpoint.id}"
    print_issued(answer, issued.secret.reveal(), said, quiet=quiet, as_json=as_json)
