"""Rows that workers claim by lease: SQL for one table, so that several workers never hold the same row.

A table of such rows has four columns for it: `id`, `free_at` (Unix microseconds from which a row may be claimed),
`claims` (how often it was, and so which lease is the last) and `claimed_by`. Claiming moves `free_at` to the end
of the lease. So one index finds what is due and what was left behind by a worker that died, and whoever comes back
after its lease was taken by another is told by `claims`.

Rows are found by group, an endpoint for instance, and the index over (group, `free_at`) is walked from group to
group: finding the due ones costs the same beside ten rows and beside a million.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row

from limi.adapters.sql.engine import SQLITE

__all__ = ["LeasedRows", "Share", "placed", "share_out"]

_FROM: Final = "FROM before WHERE before.name IS NOT NULL"


class Share(NamedTuple):
    """How many rows of a group are to be claimed."""

    group: str
    rows: int


class LeasedRows:
    """The SQL for one table. The names it is given are the program's own and become part of statements."""

    def __init__(self, *, table: str, group: str, waiting: str, returned: Sequence[str]) -> None:
        """Keep the names.

        Args:
            table: its name.
            group: the column by which claims are shared out.
            waiting: the condition of rows which can be claimed at all, word for word that of the partial index
                over `group` and `free_at`.
            returned: columns of claimed rows that are wanted.
        """
        self._table = table
        self._group = group
        self._waiting = waiting
        self._returned = ", ".join(returned)
        self._claim = lru_cache(maxsize=256)(self._claim_statement)

    @property
    def groups(self) -> str:
        """Return a query, without parameters, of each group that has waiting rows and the first `free_at` of it.

        Its columns are `name` and `free_at`. It may stand in parentheses after FROM.
        """
        first = f"SELECT min(free_at) {self._rows_of_group()}"
        return f"{self._with_groups()} SELECT name, ({first}) AS free_at {_FROM}"

    @property
    def next_free(self) -> str:
        """Return a query of the first `free_at` after a moment, which is its one parameter."""
        after = f"SELECT min(free_at) {self._rows_of_group()} AND free_at > ?"
        return f"{self._with_groups()} SELECT min(free_at) FROM (SELECT ({after}) AS free_at {_FROM}) AS firsts"  # noqa: S608 - names of the program

    def claim(
        self, connection: Connection, shares: Sequence[Share], *, worker: str, now: int, until: int
    ) -> Sequence[Row[Any]]:
        """Claim of each group as many rows as its share, the longest free first, and return them.

        On SQLite the caller has the write lock. On PostgreSQL rows that another worker is just claiming are passed
        over, so nobody waits.

        Args:
            connection: in a transaction.
            shares: of which groups, and how many each.
            worker: who claims.
            now: Unix microseconds.
            until: when the lease ends.
        """
        if not shares:
            return ()
        values: list[object] = []
        for share in shares:
            values += (share.group, now, share.rows)
        statement = self._claim(len(shares), connection.dialect.name)
        return connection.exec_driver_sql(statement, (*values, until, worker)).all()

    def _claim_statement(self, groups: int, dialect: str) -> str:
        """Return the statement for this many groups; there are few, so drivers keep them prepared."""
        locked = "" if dialect == SQLITE else " FOR UPDATE SKIP LOCKED"
        one = (
            f"SELECT id FROM (SELECT id FROM {self._table} WHERE {self._waiting} AND {self._group} = ? "  # noqa: S608 - as above
            f"AND free_at <= ? ORDER BY free_at LIMIT ?{locked}) AS due"
        )
        # Materialised: PostgreSQL may otherwise look a second time and lock others than it updates.
        chosen = f"WITH chosen AS MATERIALIZED ({' UNION ALL '.join([one] * groups)})"
        update = f"UPDATE {self._table} SET free_at = ?, claimed_by = ?, claims = claims + 1"  # noqa: S608 - as above
        statement = f"{chosen} {update} WHERE id IN (SELECT id FROM chosen) RETURNING {self._returned}"  # noqa: S608 - as above
        return placed(statement, dialect)

    def _with_groups(self) -> str:
        """Return the walk from one group to the next: a look at the index for each, however many rows it has."""
        first = f"SELECT min({self._group}) FROM {self._table} WHERE {self._waiting}"  # noqa: S608 - as above
        following = f"{first} AND {self._group} > before.name"
        return (
            f"WITH RECURSIVE before (name) AS ({first} UNION ALL "  # noqa: S608 - as above
            f"SELECT ({following}) FROM before WHERE before.name IS NOT NULL)"
        )

    def _rows_of_group(self) -> str:
        return f"FROM {self._table} WHERE {self._waiting} AND {self._group} = before.name"


def share_out(groups: Iterable[str], *, limit: int, most: int, held: Mapping[str, int]) -> list[Share]:
    """Return how many rows of each group to claim.

    Args:
        groups: names; whoever comes first is served first, where there is not enough for all.
        limit: how many together.
        most: how many of one group a worker holds at most.
        held: how many it holds of each.
    """
    room = {group: free for group in groups if (free := most - held.get(group, 0)) > 0}
    counts = dict.fromkeys(list(room)[:limit], 0)
    left = limit
    while left > 0 and (hungry := [group for group, count in counts.items() if count < room[group]]):
        for group in hungry[:left]:
            counts[group] += 1
        left -= min(left, len(hungry))
    return [Share(group, count) for group, count in counts.items() if count]


@lru_cache(maxsize=512)
def placed(statement: str, dialect: str) -> str:
    """Return `statement` with the place-holders of the dialect's driver in place of question marks."""
    return statement if dialect == SQLITE else statement.replace("?", "%s")
