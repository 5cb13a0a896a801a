"""`limi stats`: how many keys of whom can still open calls."""

from limi.cli.operating import ConfigFile, Operator, operate, pages
from limi.cli.output import AsJSON, print_json, print_table
from limi.http.admin.answers import StatsAnswer, TenantStatsAnswer

__all__ = ["stats"]


def stats(*, as_json: AsJSON = False, config: ConfigFile = None) -> None:
    """Count the keys that were handed out and can still open calls, by tenant."""
    answer = operate(config, _count)
    if as_json:
        print_json(answer)
        return
    rows = [(each.tenant, each.status, each.live_tokens) for each in answer.tenants]
    print_table(("Tenant", "Status", "Live tokens"), [*rows, ("all callers", None, answer.live_tokens)], empty="")


async def _count(operator: Operator) -> StatsAnswer:
    async def live(tenant: str | None) -> int:
        return (await operator.reader.live_tokens(limit=0, tenant=tenant)).total

    tenants = [
        TenantStatsAnswer(tenant=each.id, status=each.status, live_tokens=await live(each.id))
        for each in await pages(operator.tenants.list, place=lambda each: each.id, by=operator.by)
    ]
    return StatsAnswer(live_tokens=await live(None), tenants=tenants, next=None)
