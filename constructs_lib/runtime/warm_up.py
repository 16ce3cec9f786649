"""Warm-up events, recognised and answered before any user code runs: :func:`answer`."""

from __future__ import annotations

import time

from constructs_lib.errors import RefusedError
from constructs_lib.runtime.budget import Budget
from constructs_lib.timeouts.carriers import WARM_UP_HOLD_MAX, WARM_UP_KEY


def answer(event: object) -> dict[str, object] | None:
    """Answer a warm-up event, or give None for any other event.

    The event is ``{"constructs-lib:warm-up": {"hold": 0.5}}``. To warm n sandboxes, n events are sent at once, and each
    keeps its sandbox busy for ``hold`` seconds, so that none of them is answered by a sandbox that another has already
    warmed. A hold of more than 5 s, or of more than half of the function's timeout, is cut to that; one that is no
    number >= 0 counts as 0.

    Example:
        >>> answer({"constructs-lib:warm-up": {"hold": 0.01}})
        {'warmed_up': True}
        >>> answer({"path": "/orders"}) is None
        True
    """
    if not isinstance(event, dict) or WARM_UP_KEY not in event:
        return None
    from constructs_lib.runtime.telemetry import sandbox  # noqa: PLC0415 - a request should not pay for it

    sandbox.warmed_up()
    if hold := _hold(event[WARM_UP_KEY]):
        time.sleep(hold)
    return {"warmed_up": True}


def _hold(asked: object) -> float:
    hold = asked.get("hold") if isinstance(asked, dict) else None
    if isinstance(hold, bool) or not isinstance(hold, int | float) or not hold > 0:
        return 0.0
    return min(float(hold), WARM_UP_HOLD_MAX, _half_of_timeout())


def _half_of_timeout() -> float:
    try:
        budget = Budget.current()
    except RefusedError:  # what is wrong there fails the first request, with its reason, and no warm-up
        return WARM_UP_HOLD_MAX
    return WARM_UP_HOLD_MAX if budget is None or budget.function is None else budget.function / 2
