"""Which rows did the log never have? Those of an epoch or at a position that it never reached, and
that their own bytes do not bear out: somebody else wrote them.

What lies where the log was recorded is compared with the log (`examination.py`) and is no business
of this file; nor are rows that only ClickHouse has because the log lost its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from clickhouse_connect.driver.asyncclient import AsyncClient

from ingestor.clickhouse import BORNE_OUT, ganglion_errors
from ingestor.condition import Extent
from ingestor.spans import PositionSpan
from ingestor.statements import statement

MAX_LOOKED_UP: Final = 1_000_000
"""Of so many rows of an epoch that nobody opened the ids are looked up elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRows:
    """Rows of one epoch that the log never had."""

    epoch: int
    rows: int
    span: PositionSpan  # from the first of them to the last
    # The condition that is true of them and of no other row, SQL of our making.
    where: str = field(compare=False)

    def __str__(self) -> str:
        one = self.rows == 1
        many = f"{self.rows:,} row{'' if one else 's'} that the log never had: epoch {self.epoch}, "
        if self.span.size == 1:
            return f"{many}position {self.span}"
        return f"{many}positions {self.span.first} to {self.span.last}"


class ForeignLook:
    """Looks for such rows, and keeps and removes them. Raises Damaged where rows do not read."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._sound: set[tuple[int, int]] = set()  # epoch and last position that were looked at

    async def of_lost_epochs(self) -> tuple[tuple[ForeignRows, ...], tuple[int, ...]]:
        """What is foreign among the rows of epochs that `swarm.epochs` has not, and those epochs
        that it has lost.
        """
        found: list[ForeignRows] = []
        lost: list[int] = []
        doing = "reading the epochs of rows"
        for row in await self._rows(doing, _with_condition("rows_of_lost_epochs", BORNE_OUT)):
            epoch, count, borne_out = int(row[0]), int(row[1]), int(row[4])
            events = int(row[5])
            if borne_out and events and count <= MAX_LOOKED_UP:  # copies have copies beside them
                own = f"epoch = {epoch}"
                where = f"{own} AND disposition = 'stored' AND {BORNE_OUT} AND {_not_a_copy(own)}"
                borne_out = (await self._matching(where))[0]
            if borne_out:
                lost.append(epoch)
            else:
                span = PositionSpan(int(row[2]), int(row[3]))
                found.append(
                    ForeignRows(epoch=epoch, rows=count, span=span, where=f"epoch = {epoch}")
                )
        return tuple(found), tuple(lost)

    async def outside(
        self, extent: Extent, *, on_log: int, reached: int, newest: bool
    ) -> tuple[Extent, tuple[ForeignRows, ...]]:
        """What is foreign before and behind an epoch, and the epoch without it. `on_log`: up to
        where the log has it now; `reached`: up to where it is known to have been recorded.
        """
        own = f"epoch = {extent.epoch}"
        wheres = [f"{own} AND seq < {extent.first}"]
        end = max(extent.last, reached)
        if extent.last > max(on_log, reached) and (extent.epoch, extent.last) not in self._sound:
            condition = BORNE_OUT
            if newest:
                behind = f"{own} AND seq > {on_log}"
                condition += f" AND {_not_a_copy(behind)} AND {_no_earlier(extent.epoch, on_log)}"
            rows = await self._rows(
                f"reading where epoch {extent.epoch} ends",
                _with_condition("last_borne_out", condition),
                epoch=extent.epoch,
                on_log=on_log,
            )
            end = max(int(rows[0][0]), reached)
            if end < extent.last:
                wheres.append(f"{own} AND seq > {end} AND NOT ({condition})")
            elif not newest:
                self._sound.add((extent.epoch, extent.last))
        found = []
        for where in wheres:
            count, first, last = await self._matching(where)
            if count:
                found.append(
                    ForeignRows(
                        epoch=extent.epoch, rows=count, span=PositionSpan(first, last), where=where
                    )
                )
        return replace(extent, last=end), tuple(found)

    async def keep(self, foreign: ForeignRows, *, mender: int) -> None:
        """Copies them to `swarm.foreign_rows`."""
        with ganglion_errors(f"keeping rows of epoch {foreign.epoch} that the log never had"):
            await self._client.command(
                _fill_template("keep_foreign_rows", "%WHERE%", foreign.where),
                parameters={"mender": mender},
            )

    async def _matching(self, where: str) -> tuple[int, int, int]:
        rows = await self._rows("counting rows", _fill_template("rows_where", "%WHERE%", where))
        count, first, last = rows[0]
        return int(count), int(first), int(last)

    async def _rows(self, doing: str, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        with ganglion_errors(doing, reads=True):
            result = await self._client.query(sql, parameters=parameters)
            rows: Sequence[Sequence[Any]] = result.result_rows
            return rows


def _not_a_copy(where: str) -> str:
    """No id is ever stored twice: one that is, is a copy here of a row elsewhere."""
    return (
        "(disposition != 'stored' OR (event_hash, subject, agent_id) NOT IN"
        " (SELECT event_hash, subject, agent_id FROM swarm.events"
        f" WHERE disposition = 'stored' AND NOT ({where}) AND epoch IN (SELECT epoch FROM"
        " swarm.epochs) AND event_hash IN"
        f" (SELECT event_hash FROM swarm.events WHERE {where})))"
    )


def _no_earlier(epoch: int, on_log: int) -> str:
    """What holds no event cannot be known by its id; but it came behind what the log ends with."""
    return (
        "(disposition = 'stored' OR recorded_at > (SELECT max(recorded_at) FROM (SELECT recorded_at"
        f" FROM swarm.events WHERE epoch = {epoch} AND seq <= {on_log}"
        " ORDER BY epoch DESC, seq DESC LIMIT 1)))"
    )


def _with_condition(name: str, condition: str) -> str:
    return _fill_template(name, "%BORNE_OUT%", f"({condition})")


def _fill_template(name: str, place: str, text: str) -> str:
    return statement(name).replace(place, text)
