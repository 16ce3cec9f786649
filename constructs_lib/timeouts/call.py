"""One downstream call of a handler: :class:`Call`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.errors import RefusedError
from constructs_lib.limits import BOTOCORE_BACKOFF_MAX, BOTOCORE_THROTTLED_BACKOFF_BASE
from constructs_lib.timeouts.derivation import SECOND, CallNumbers
from constructs_lib.timeouts.inequalities import callee_above
from constructs_lib.timeouts.seconds import Seconds, milliseconds

if TYPE_CHECKING:
    from typing import Self

    from constructs_lib.timeouts.budget import TimeoutBudget


class Call:
    """One downstream call that a handler makes: how long its client waits, and how often it tries.

    Args:
        name: what is called, as messages and the handler name it, e.g. ``"orders-table"``.
        connect: connect timeout in seconds, > 0.
        read: read timeout in seconds, > 0. None lets the budget derive the longest that still fits.
        attempts: tries in all, the first included, >= 1.
        backoff: sum of all pauses between the attempts in seconds. None is the worst case of botocore's ``standard``
            retries when throttled: 1 s doubled each time, 20 s at most (botocore retries/standard.py).
        callee: the budget of a function that this call invokes synchronously; the read timeout must then outlast its
            init and its timeout (H8).

    Raises:
        RefusedError: a number that is negative, not finite, a token, or out of range.

    Example:
        >>> Call("orders-table", connect=0.5, read=2, attempts=3)
        Call('orders-table', connect=0.5, read=2, attempts=3, backoff=3)
    """

    __slots__ = ("numbers",)

    def __init__(
        self,
        name: str,
        *,
        connect: Seconds = 1.0,
        read: Seconds | None = None,
        attempts: int = 2,
        backoff: Seconds | None = None,
        callee: TimeoutBudget | None = None,
    ) -> None:
        _check_name_and_attempts(name, attempts)
        if backoff is None:
            backoff = _worst_backoff(attempts - 1)
        self.numbers = CallNumbers(
            name=name,
            connect=milliseconds(f"Call {name!r}: connect", connect, least=1),
            read=None if read is None else milliseconds(f"Call {name!r}: read", read, least=1),
            attempts=attempts,
            backoff=milliseconds(f"Call {name!r}: backoff", backoff),
            callee=None
            if callee is None
            else int(callee_above(callee.numbers.init, callee.numbers.function)),
        )

    @classmethod
    def of(cls, numbers: CallNumbers) -> Self:
        """Give the call that has these numbers, as a budget derived them."""
        call = cls.__new__(cls)
        call.numbers = numbers
        return call

    @property
    def name(self) -> str:
        """What is called."""
        return self.numbers.name

    @property
    def connect(self) -> float:
        """Connect timeout in seconds."""
        return self.numbers.connect / SECOND

    @property
    def read(self) -> float | None:
        """Read timeout in seconds; None until a budget has derived it."""
        return None if self.numbers.read is None else self.numbers.read / SECOND

    @property
    def attempts(self) -> int:
        """Tries in all, the first included."""
        return self.numbers.attempts

    @property
    def backoff(self) -> float:
        """Sum of all pauses between the attempts, in seconds."""
        return self.numbers.backoff / SECOND

    def __eq__(self, other: object) -> bool:
        """Two calls with the same numbers are the same."""
        return isinstance(other, Call) and self.numbers == other.numbers

    def __hash__(self) -> int:
        """Hash by value."""
        return hash(self.numbers)

    def __repr__(self) -> str:
        """Read like the call of the constructor."""
        read = None if self.read is None else f"{self.read:g}"
        numbers = f"connect={self.connect:g}, read={read}, attempts={self.attempts}, backoff={self.backoff:g}"
        return f"Call({self.name!r}, {numbers})"


def _worst_backoff(pauses: int) -> float:
    growing = min(pauses, 10)  # by then each is as long as it gets
    doubled = (BOTOCORE_THROTTLED_BACKOFF_BASE * 2.0**pause for pause in range(growing))
    return float(sum(min(pause, BOTOCORE_BACKOFF_MAX) for pause in doubled)) + float(
        BOTOCORE_BACKOFF_MAX * (pauses - growing)
    )


def _check_name_and_attempts(name: object, attempts: object) -> None:
    if not isinstance(name, str) or not name:
        raise RefusedError(
            "Call: name", got=repr(name), allowed="a non-empty string", fix="name what is called"
        )
    if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
        raise RefusedError(
            f"Call {name!r}: attempts", got=repr(attempts), allowed="a whole number >= 1", fix="1 tries once"
        )
