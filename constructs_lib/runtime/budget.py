"""The timeout budget that the construct proved and wrote into the environment, as handlers read it."""

from __future__ import annotations

import json
import os

from constructs_lib.errors import RefusedError
from constructs_lib.runtime.clients import Waits
from constructs_lib.timeouts.carriers import BUDGET_VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Budget:
    """The numbers of this function, in seconds; a number that the budget does not have is None.

    Example:
        >>> budget = Budget('{"function":7,"init":2,"calls":{"orders-table":{"connect":1,"read":4,"attempts":1,"backoff":0}}}')
        >>> budget.function, budget.init, budget.gateway
        (7, 2, None)
        >>> budget.waits("orders-table")
        Waits('orders-table', connect=1, read=4, attempts=1, backoff=0)

    Args:
        text: compact JSON, as ``TimeoutBudget.to_json`` writes it.

    Raises:
        RefusedError: the text is no budget.
    """

    __slots__ = ("calls", "function", "gateway", "in_progress", "init", "integration", "margin", "work")

    calls: Mapping[str, Waits]
    """The downstream calls, by name."""

    def __init__(self, text: str) -> None:
        try:
            numbers = json.loads(text)
            self.calls = {name: Waits(name, **call) for name, call in numbers.get("calls", {}).items()}
        except (ValueError, TypeError, AttributeError) as error:
            fix = "leave it to the construct, or write it with TimeoutBudget(...).to_json()"
            raise RefusedError(
                BUDGET_VARIABLE, got=repr(text[:200]), allowed="a budget as JSON", fix=fix
            ) from error
        self.function: float | None = numbers.get("function")
        self.gateway: float | None = numbers.get("gateway")
        self.in_progress: float | None = numbers.get("in_progress")
        self.init: float | None = numbers.get("init")
        self.integration: float | None = numbers.get("integration")
        self.margin: float | None = numbers.get("margin")
        self.work: float | None = numbers.get("work")

    @staticmethod
    def current() -> Budget | None:
        """Give this function's budget; None where no construct wrote one, as in a test on a laptop.

        Raises:
            RefusedError: ``TIMEOUT_BUDGET`` holds something else.
        """
        text = os.environ.get(BUDGET_VARIABLE)
        return _read(text) if text else None

    def waits(self, name: str) -> Waits:
        """Give the waits of a downstream call, by the name that the budget gives it.

        Raises:
            RefusedError: the budget has no such call.
        """
        if name in self.calls:
            return self.calls[name]
        allowed = ", ".join(map(repr, self.calls)) or "none: the budget has no calls"
        fix = f"add Call({name!r}, ...) to the function's TimeoutBudget"
        raise RefusedError("downstream call", got=repr(name), allowed=allowed, fix=fix)

    def __repr__(self) -> str:
        """Show the numbers that matter."""
        return (
            f"Budget(function={self.function}, init={self.init}, work={self.work}, calls={list(self.calls)})"
        )


budget = Budget.current
"""The same as a plain function."""

_last: tuple[str, Budget] | None = None


def _read(text: str) -> Budget:
    global _last  # noqa: PLW0603 - read once; the environment of a sandbox does not change
    if _last is None or _last[0] != text:
        _last = (text, Budget(text))
    return _last[1]


def waits(name: str) -> Waits:
    """Give the waits of a downstream call from this function's budget, e.g. for a client that is made at import.

    Inside an invocation, ``Deadline.current().waits(name)`` also knows how much time is left.

    Raises:
        RefusedError: there is no budget, or it has no such call.
    """
    found = Budget.current()
    if found is None:
        fix = f"in tests, set it to TimeoutBudget(calls=[Call({name!r})]).to_json()"
        raise RefusedError(
            BUDGET_VARIABLE, got="no such variable", allowed="the budget that a construct writes", fix=fix
        )
    return found.waits(name)
