"""How long a client may wait, and how often it may try: settings for client libraries that fit the time there is (H5).

The worst case of a call is attempts x (connect + read) + back-off. :class:`Waits` holds these numbers for one downstream
call and gives them to a library in its own words; the library is imported only then.

The numbers bound each phase of a call. A server that sends its answer byte by byte, each just in time, can take longer with
any of these libraries; ending that is the guard's part (:mod:`constructs_lib.runtime.guard`).
"""

from __future__ import annotations

from math import ceil

from constructs_lib.errors import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from botocore.config import Config

LIBPQ_LEAST_CONNECT = 2  # seconds; libpq and psycopg raise a shorter connect_timeout to it (libpq-connect)


class Waits:
    """The waits of one downstream call, in seconds.

    Args:
        name: what is called, as the budget and the logs name it.
        connect: connect timeout, > 0.
        read: read timeout, > 0.
        attempts: tries in all, the first included, >= 1.
        backoff: sum of all pauses between the attempts.

    Raises:
        RefusedError: a number out of range.

    Example:
        >>> waits = Waits("orders-table", connect=0.5, read=2, attempts=3, backoff=3)
        >>> waits.worst_case
        10.5
        >>> waits.within(6)
        Waits('orders-table', connect=0.5, read=1.75, attempts=2, backoff=1.5)
        >>> waits.within(1)
        Waits('orders-table', connect=0.5, read=0.5, attempts=1, backoff=0)
    """

    __slots__ = ("attempts", "backoff", "connect", "name", "read")

    def __init__(
        self, name: str, *, connect: float, read: float, attempts: int = 1, backoff: float = 0
    ) -> None:
        if not (connect > 0 and read > 0 and attempts >= 1 and backoff >= 0):
            got = f"connect={connect}, read={read}, attempts={attempts}, backoff={backoff}"
            allowed = "connect > 0, read > 0, attempts >= 1, backoff >= 0, in seconds"
            raise RefusedError(f"Waits {name!r}", got=got, allowed=allowed, fix="give the time that is left")
        self.name, self.connect, self.read = name, connect, read
        self.attempts, self.backoff = attempts, backoff

    @property
    def worst_case(self) -> float:
        """The longest that the call can take: attempts x (connect + read) + back-off, H5's term."""
        return self.attempts * (self.connect + self.read) + self.backoff

    def within(self, seconds: float) -> Waits:
        """Give waits whose worst case fits into this time, and that are nowhere longer than these.

        Attempts are given up before each of them gets less than half of what it was meant to have: a call that is tried
        once with time to answer beats one that is cut short twice.

        Raises:
            RefusedError: less than 2 ms are left, which no call can use.
        """
        left = int(seconds * 1000) if seconds < self.worst_case else None
        if left is None:
            return self
        connect, read = ceil(self.connect * 1000), int(self.read * 1000)
        for attempts in range(self.attempts, 0, -1):
            backoff = self._backoff_of(attempts)
            each = (left - backoff) // attempts
            if 2 * each >= connect + read or attempts == 1:
                connect = min(connect, max(each // 2, each - read))
                return Waits(
                    self.name,
                    connect=connect / 1000,
                    read=min(read, each - connect) / 1000,
                    attempts=attempts,
                    backoff=backoff / 1000,
                )
        raise AssertionError("one attempt always fits")  # pragma: no cover

    def _backoff_of(self, attempts: int) -> int:
        """Give the milliseconds of the pauses between fewer attempts: pauses grow, so the first ones take no more than their share."""
        if attempts == 1:
            return 0
        return ceil(self.backoff * 1000 * (attempts - 1) / (self.attempts - 1))

    def botocore_config(self, **others: Any) -> Config:
        """Give the ``config`` of a boto3 client: timeouts, and attempts in ``standard`` mode.

        Args:
            others: further arguments of ``botocore.config.Config``.

        Example:
            >>> config = Waits("orders-table", connect=0.5, read=2, attempts=3).botocore_config()
            >>> config.connect_timeout, config.read_timeout, config.retries
            (0.5, 2, {'total_max_attempts': 3, 'mode': 'standard'})
        """
        from botocore.config import Config  # noqa: PLC0415 - only who uses boto3 pays for it

        retries = {"total_max_attempts": self.attempts, "mode": "standard"}
        # mypy: botocore's stubs want a TypedDict, which has no cost only for them.
        return Config(connect_timeout=self.connect, read_timeout=self.read, retries=retries, **others)  # type: ignore[arg-type]

    def httpx_timeout(self) -> Any:
        """Give an ``httpx.Timeout`` for one attempt: all four phases together take no longer than connect + read.

        A free connection and the sending of a request take next to no time in a sandbox, which handles one event at a
        time; each gets a tenth of the phase that it belongs to.
        """
        import httpx  # noqa: PLC0415 - only who uses it has it

        pool, write = self.connect / 10, self.read / 10
        return httpx.Timeout(connect=self.connect - pool, pool=pool, read=self.read - write, write=write)

    def socket_timeout(self) -> float:
        """Give the one ``timeout`` of ``urllib.request.urlopen`` and ``http.client``: for connecting and for each read.

        Example:
            >>> Waits("prices", connect=1, read=2).socket_timeout()
            1.5
        """
        return (self.connect + self.read) / 2

    def psycopg_options(self) -> dict[str, Any]:
        """Give keyword arguments of ``psycopg.connect`` (libpq): the server ends a statement at the read timeout.

        libpq takes whole seconds for connecting, two at the least; what it takes more than the connect timeout the
        statements get less. ``tcp_user_timeout`` ends a connection whose other side has gone. No deadline interrupts psycopg's
        binary build while it waits in C, so these are what ends a statement in time; with ``PSYCOPG_WAIT_FUNC=wait_poll``
        in the function's environment it waits in Python, and a deadline ends it too.

        RDS Proxy refuses ``options``: leave them out there, and set ``statement_timeout`` by the proxy's
        initialization query or by ``ALTER ROLE ... SET``.

        Raises:
            RefusedError: connect and read together leave no time for a statement after two seconds for connecting.

        Example:
            >>> Waits("orders-db", connect=1, read=4).psycopg_options()
            {'connect_timeout': 2, 'tcp_user_timeout': 3000, 'options': '-c statement_timeout=3000'}
        """
        connect = max(int(self.connect), LIBPQ_LEAST_CONNECT)
        statement = int(1000 * (self.connect + self.read)) - 1000 * connect
        if statement < 1:
            got = f"connect={self.connect:g}, read={self.read:g}"
            allowed = (
                f"more than {LIBPQ_LEAST_CONNECT} s together, because libpq waits no shorter for a connection"
            )
            fix = "keep a connection open across invocations, through RDS Proxy"
            raise RefusedError(f"Waits {self.name!r}: psycopg", got=got, allowed=allowed, fix=fix)
        statement = min(statement, int(1000 * self.read))
        return {
            "connect_timeout": connect,
            "tcp_user_timeout": statement,
            "options": f"-c statement_timeout={statement}",
        }

    def redis_options(self) -> dict[str, Any]:
        """Give keyword arguments of ``redis.Redis``: timeouts of the socket, and one attempt.

        redis-py nests its retries: each try of a command may try to connect as often again. One attempt is what fits; a
        cache that does not answer at once is better passed by. A connection that a deadline interrupts between a command and
        its answer is dropped; redis-py itself keeps it, and the next command would get that answer.
        """
        from redis import exceptions  # noqa: PLC0415 - only who uses it has it
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        dropped = (exceptions.ConnectionError, exceptions.TimeoutError, TimeoutError, KeyboardInterrupt)
        return {
            "socket_connect_timeout": self.connect,
            "socket_timeout": self.read,
            # The types are those after which the connection is dropped; mypy: it is annotated as errors alone.
            "retry": Retry(NoBackoff(), 0, supported_errors=dropped),  # type: ignore[arg-type]
        }

    def __eq__(self, other: object) -> bool:
        """Two waits with the same numbers are the same."""
        return isinstance(other, Waits) and repr(self) == repr(other)

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(repr(self))

    def __repr__(self) -> str:
        """Read like the call of the constructor."""
        numbers = f"connect={self.connect:g}, read={self.read:g}, attempts={self.attempts}, backoff={self.backoff:g}"
        return f"Waits({self.name!r}, {numbers})"
