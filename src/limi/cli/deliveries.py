"""`limi webhook deliveries`, `attempts` and `replay`: what was sent to an endpoint, and sending it again."""

from datetime import datetime
from typing import Annotated, Final

import typer

from limi.cli.operating import ConfigFile, Operator, operate
from limi.cli.options import start_option
from limi.cli.output import AsJSON, moment, print_json, print_table
from limi.features.webhooks.model import (
    AllFailed,
    Attempt,
    DeliveryId,
    DeliveryQuery,
    DeliveryState,
    DeliverySummary,
    EndpointId,
    OneDelivery,
    Replay,
    Window,
)
from limi.features.webhooks.payload import type_of
from limi.http.admin.webhook_answers import AttemptAnswer, DeliveryAnswer, ReplayAnswer

__all__ = ["attempts", "deliveries", "replay"]

_GREATEST_ID: Final = 2**63 - 1
_MOST_SHOWN: Final = 10_000
_PAGE: Final = 100

_ID = Annotated[str, typer.Argument(metavar="WEBHOOK", help="The endpoint's id.")]


def deliveries(
    webhook: _ID,
    *,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those that are so.")] = None,
    message: Annotated[str | None, typer.Option(help="Only of the event with this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST_SHOWN, help="Most to show.")] = _PAGE,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """List what was sent or waits to be sent to an endpoint, the newest first."""

    async def work(operator: Operator) -> list[DeliverySummary]:
        endpoint = await operator.webhooks.get(EndpointId(webhook), by=operator.by)
        query = DeliveryQuery(endpoint=endpoint.id, state=state, message=message)
        return await _read(operator, query, limit)

    found = operate(config, work)
    if as_json:
        print_json(list(map(DeliveryAnswer.of, found)))
        return
    rows = (
        (
            each.id,
            each.event and type_of(each.event),
            each.state,
            each.attempts,
            each.last_status or each.last_error,
            moment(each.due_at),
            moment(each.created_at),
            each.message_id,
        )
        for each in found
    )
    columns = ("Delivery", "Type", "State", "Attempts", "Last", "Next", "Happened", "Event")
    print_table(columns, rows, empty="There are no such deliveries.")


def attempts(
    webhook: _ID,
    delivery: Annotated[
        int, typer.Argument(metavar="DELIVERY", min=1, max=_GREATEST_ID, help="The delivery's number.")
    ],
    *,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """List every attempt of one delivery, in order."""

    async def work(operator: Operator) -> list[Attempt]:
        return list(await operator.webhooks.attempts(EndpointId(webhook), DeliveryId(delivery), by=operator.by))

    found = operate(config, work)
    if as_json:
        print_json(list(map(AttemptAnswer.of, found)))
        return
    rows = ((each.number, moment(each.at), each.duration_ms, each.status, each.error) for each in found)
    columns = ("Attempt", "At", "Milliseconds", "Status", "Error")
    print_table(columns, rows, empty="There are no attempts of that delivery to that endpoint.")


def replay(
    webhook: _ID,
    *,
    delivery: Annotated[
        int | None, typer.Option(min=1, max=_GREATEST_ID, help="The number of one delivery.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All that failed.")] = False,
    since: Annotated[datetime | None, start_option("All that happened from then on.")] = None,
    until: Annotated[datetime | None, start_option("With --since: and before; now unless given.")] = None,
    as_json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Send again with the same ids: one delivery, all that failed, or all of a span of time."""
    if [delivery is not None, failed, since is not None].count(True) != 1:
        raise typer.BadParameter("give one of --delivery, --failed and --since")
    if until is not None and since is None:
        raise typer.BadParameter("--until goes with --since")
    endpoint = EndpointId(webhook)

    async def work(operator: Operator) -> int:
        return await operator.webhooks.replay(selection(operator.now()), by=operator.by, origin=operator.origin)

    def selection(now: float) -> Replay:
        if delivery is not None:
            return OneDelivery(endpoint=endpoint, delivery=DeliveryId(delivery))
        if since is None:
            return AllFailed(endpoint=endpoint)
        last = now if until is None else until.timestamp()
        if since.timestamp() >= last:
            raise typer.BadParameter("--since must be before --until")
        return Window(endpoint=endpoint, since=since.timestamp(), until=last)

    count = operate(config, work)
    if as_json:
        print_json(ReplayAnswer(replayed=count))
    else:
        typer.echo(f"{count} {'delivery is' if count == 1 else 'deliveries are'} sent again.")


async def _read(operator: Operator, query: DeliveryQuery, limit: int) -> list[DeliverySummary]:
    found: list[DeliverySummary] = []
    while len(found) < limit:
        wanted = min(_PAGE, limit - len(found))
        before = found[-1].id if found else None
        part = await operator.webhooks.deliveries(query, by=operator.by, before=before, limit=wanted)
        found += part
        if len(part) < wanted:
            break
    return found
