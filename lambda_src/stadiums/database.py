"""The database as the handlers ask it: one connection, kept from one invocation to the next, and an answer in time or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constructs_lib.runtime import DeadlineExceeded, downstream, lazy_imports

from .connection import CALL, WAITS, bounded, connect

with lazy_imports():
    import psycopg

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import LiteralString

    from .connection import Connection


class DatabaseUnavailableError(Exception):
    """The database does not answer, or not in time; says how it failed."""


class Database:
    """Asks one question at a time, as a sandbox handles one event at a time."""

    __slots__ = ("_connection",)

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def rows(self, query: LiteralString, values: Mapping[str, object]) -> list[dict[str, Any]]:
        """Give the rows of a query that only reads.

        Raises:
            DatabaseUnavailableError: there is no answer within the budget's waits.
            psycopg.Error: the query itself is at fault.
        """
        # Named before any time is bounded: this loads psycopg, where it has not been used yet.
        outages = (psycopg.OperationalError, psycopg.InterfaceError, DeadlineExceeded)
        kept = self._connection
        try:
            try:
                return self._ask(query, values)
            except outages[:2]:
                if kept is None or not kept.broken:
                    raise
            # The server, or the proxy, has closed it while the sandbox was frozen.
            return self._ask(query, values)
        except outages as error:
            said = " ".join(
                str(error).split()
            )  # libpq's texts have several lines, a log's entry should have one
            raise DatabaseUnavailableError(f"{CALL}: {type(error).__name__}: {said}") from error

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def _ask(self, query: LiteralString, values: Mapping[str, object]) -> list[dict[str, Any]]:
        try:
            with downstream(CALL):
                if self._connection is None:
                    self._connection = connect()
                with bounded(WAITS.read):
                    return self._connection.execute(query, values).fetchall()
        except BaseException:
            # Whatever ended it, the deadline included: nobody knows what is still on its way through this connection.
            self.close()
            raise


database = Database()
