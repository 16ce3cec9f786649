"""H1 to H9, the inequalities of the hierarchy of waits, as plain functions.

F is the function's timeout, I its init budget, H the worst case of the work its handler does. The functions return
the bound that a number is held against, in the unit they are given (the budget calculates in whole milliseconds so
that no rounding error decides, the rules in seconds).

=====  ==========================================  ============================================================
H1     wait > F                                    else a 504 while the function still runs
H2     wait > I + F + margin                       else the first request after a scale-out gets a 504
H3     F > I + H                                   else a doom loop: after a crash init runs again inside F
H4     I < 10 s, or < max(130 s, F) when warm      else Lambda ends the init and repeats it
H5     H >= sum of attempts x (connect + read)     else the function dies before its client gives up
H6     visibility >= 6 F + batch window            else a message is handed out while it is being worked on
H7     task timeout > I + F                        else the workflow retries work that still runs
H8     read timeout > I(g) + F(g)                  else nested 504s when g is invoked synchronously
H9     in-progress time > F                        else a retry repeats a side effect
=====  ==========================================  ============================================================
"""

from __future__ import annotations

from constructs_lib.limits import INIT_MAX, INIT_MAX_WARM, SQS_VISIBILITY_FACTOR

DEFAULT_MARGIN = 0.5  # seconds between the end of the slowest answer and the gateway's patience


def wait_above(function: float, init: float, margin: float, *, cold_starts: bool = True) -> float:
    """H1 and H2: a gateway must wait longer than this for an answer that may meet a cold start.

    The first init runs before the function's own clock starts, so its time comes on top.

    Example:
        >>> wait_above(24, init=4, margin=0.5)
        28.5
    """
    return init + function + margin if cold_starts else function


def never_cold(*, reserved: float | None, warm: float, snap_start: bool = False) -> bool:
    """H2's exception: whether it can be believed that no request meets a cold start.

    Warm environments alone do not do: requests beyond them start others on demand, unless the reserve holds them back.
    SnapStart restores a snapshot instead of an init.

    Args:
        reserved: reserved concurrency of the function; None if nothing is reserved.
        warm: environments that are provisioned at all times.
        snap_start: whether SnapStart is on.

    Example:
        >>> never_cold(reserved=5, warm=5), never_cold(reserved=6, warm=5), never_cold(reserved=None, warm=5)
        (True, False, False)
    """
    return snap_start or (reserved is not None and reserved <= warm)


def function_above(init: float, work: float) -> float:
    """H3: a function's timeout must be longer than this, because after a crash init runs again inside it.

    Example:
        >>> function_above(init=4, work=6)
        10
    """
    return init + work


def init_below(function: float, *, warm: bool) -> float:
    """H4: init must end sooner than this, in seconds; ``warm`` is provisioned concurrency or SnapStart.

    Example:
        >>> init_below(30, warm=False), init_below(30, warm=True), init_below(600, warm=True)
        (10.0, 130.0, 600)
    """
    return max(float(INIT_MAX_WARM), function) if warm else float(INIT_MAX)


def call_worst_case(connect: float, read: float, attempts: float, backoff: float) -> float:
    """H5: the longest that one downstream call can take; ``backoff`` is the sum of all pauses between attempts.

    Example:
        >>> call_worst_case(connect=1, read=3, attempts=2, backoff=1)
        9
    """
    return attempts * (connect + read) + backoff


def visibility_at_least(function: float, batch_window: float, factor: float = SQS_VISIBILITY_FACTOR) -> float:
    """H6: the visibility timeout that gives Lambda room to retry a throttled batch.

    Example:
        >>> visibility_at_least(30, batch_window=5)
        185.0
    """
    return factor * function + batch_window


def callee_above(init: float, function: float) -> float:
    """H7 and H8: whoever waits for a whole invocation, cold start included, must wait longer than this.

    Example:
        >>> callee_above(init=4, function=24)
        28
    """
    return init + function
