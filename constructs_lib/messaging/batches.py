"""Batch sizes and windows: what Lambda refuses at deploy time, and what it takes and then never does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.compute.arguments import check_whole
from constructs_lib.errors import RefusedError
from constructs_lib.limits import BATCH_WINDOW_MAX, SQS_BATCH_MAX, SQS_BATCH_WITHOUT_WINDOW

if TYPE_CHECKING:
    from constructs_lib.timeouts.budget import TimeoutBudget


def check_window(subject: str, budget: TimeoutBudget) -> int:
    """Give the budget's batching window in whole seconds, as a mapping takes it.

    Raises:
        RefusedError: a part of a second, or over 300 s.
    """
    window, most = budget.batch_window, int(BATCH_WINDOW_MAX)
    if window != int(window) or window > most:
        raise RefusedError(
            f"{subject}: batch_window of the function's budget",
            got=f"{window:g} s",
            allowed=f"whole seconds from 0 to {most}",
            fix=f"TimeoutBudget(..., batch_window={min(int(window) + 1, most)})",
        )
    return int(window)


def check_queue_batch(subject: str, size: float, window: int, *, fifo: bool) -> None:
    """Refuse a batch or window that SQS mappings do not have.

    Raises:
        RefusedError: a window on FIFO, more than 10 messages on FIFO or without a window.
    """
    if fifo and window:
        raise RefusedError(
            f"{subject}: batch_window of the function's budget",
            got=f"{window} s on a FIFO queue",
            allowed="none: Lambda hands FIFO messages over as they come",
            fix="leave batch_window out of the budget, or take a standard queue",
        )
    most = int(SQS_BATCH_MAX if window else SQS_BATCH_WITHOUT_WINDOW)
    fix = f"batch_size={most}"
    if not fifo and not window:
        fix += ", or TimeoutBudget(..., batch_window=1) of the function"
    check_whole(f"{subject}: batch_size", size, 1, most, fix=fix, unit="messages", token=True)
