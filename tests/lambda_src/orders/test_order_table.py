"""The client of the orders table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.runtime import waits

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def test_it_waits_as_the_budget_says(start: Callable[[str], ModuleType]) -> None:
    """The SDK's timeouts and attempts are the budget's, not its defaults of 60 s."""
    config, budgeted = start("order_table")._client.meta.config, waits("orders-table")
    assert (config.connect_timeout, config.read_timeout) == (budgeted.connect, budgeted.read)
    assert config.retries["total_max_attempts"] == budgeted.attempts
