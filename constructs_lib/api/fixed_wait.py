"""HTTP and WebSocket APIs wait no longer than AWS fixed: no quota, endpoint type or transfer mode raises it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.errors import RefusedError
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.inequalities import wait_above

if TYPE_CHECKING:
    from constructs_lib.limits import Fact
    from constructs_lib.timeouts.budget import TimeoutBudget


def integration_wait(subject: str, budget: TimeoutBudget, limit: Fact, kind: str) -> int:
    """Give the integration timeout that a budget asks for, in milliseconds; it outlasts a cold start, as the budget has proven.

    Args:
        subject: who refuses.
        budget: the function's.
        limit: how long this kind of API waits at most.
        kind: its name in people's words, with its article.

    Raises:
        RefusedError: the budget knows no gateway, or asks for more than the API waits.
    """
    if budget.integration is None:
        raise RefusedError(
            f"{subject}: integration timeout",
            got="a function whose budget has no gateway (gateway=None): nobody is meant to wait for it",
            allowed="a budget that says how long the caller may wait",
            fix=f"TimeoutBudget(gateway={limit:g}, ...), or hand the work to a queue and answer at once",
        )
    if budget.integration > limit:
        raise RefusedError(
            f"{subject}: integration timeout",
            got=f"{budget.integration:g} s{_sum(budget)}",
            allowed=f"up to {limit}: {kind} waits no longer, and no quota raises that",
            fix=f"lower the budget to TimeoutBudget(gateway={limit:g}, ...), or hand the work to a queue",
        )
    return round(budget.integration * SECOND)


def check_authorizer_wait(subject: str, budget: TimeoutBudget, limit: Fact) -> None:
    """Refuse an authorizer function whose answer would come too late, after a cold start at the latest.

    Raises:
        RefusedError: the function may run, or start and run, as long as the API waits for it.
    """
    needed = wait_above(budget.function, budget.init, budget.margin, cold_starts=budget.cold_starts)
    if needed < limit:
        return
    raise RefusedError(
        f"{subject}: authorizer",
        got=f"a function that may take {needed:g} s{_sum(budget)}",
        allowed=f"less than {limit}: an HTTP API waits no longer for a decision, and answers 500",
        fix=f"TimeoutBudget(gateway={limit:g}, ...), which leaves the function what fits",
    )


def _sum(budget: TimeoutBudget) -> str:
    if not budget.cold_starts:
        return ""
    return f" ({budget.init:g} s init + {budget.function} s function + {budget.margin:g} s margin)"
