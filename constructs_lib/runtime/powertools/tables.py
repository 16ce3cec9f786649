"""The tables that the construct made for Powertools, reached in the time that the budget gives."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from constructs_lib.errors import RefusedError
from constructs_lib.runtime.budget import Budget
from constructs_lib.runtime.clients import Waits
from constructs_lib.timeouts.carriers import CIRCUIT_BREAKER_CALL, CIRCUIT_BREAKER_TABLE_VARIABLE

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.circuit_breaker.persistence import CircuitBreakerDynamoDBPersistence

# Where no budget says more: a table answers in milliseconds, and botocore's own default is a minute, three times.
_WITHOUT_BUDGET = {"connect": 1.0, "read": 1.0, "attempts": 2}


def circuit_breaker_store(**settings: Any) -> CircuitBreakerDynamoDBPersistence:
    """Give Powertools' store of circuits, on the construct's table.

    ::

        @circuit_breaker(name="payments", persistence_store=circuit_breaker_store())
        def charge(order): ...

    A call that the deadline ends is no failure of the circuit: it is the client's own timeout that counts, and with the waits
    of the budget it comes first.

    Args:
        settings: further arguments of ``CircuitBreakerDynamoDBPersistence``; each replaces what is derived here.

    Raises:
        RefusedError: the function has no such table: ``RuntimeFeatures(circuit_breaker=True)`` is missing.
    """
    from aws_lambda_powertools.utilities.circuit_breaker.persistence import (  # noqa: PLC0415 - loads boto3
        CircuitBreakerDynamoDBPersistence,
    )

    derived = table_settings(
        CIRCUIT_BREAKER_TABLE_VARIABLE, CIRCUIT_BREAKER_CALL, "circuit_breaker", settings
    )
    return CircuitBreakerDynamoDBPersistence(**derived)


def table_settings(variable: str, call: str, feature: str, given: dict[str, Any]) -> dict[str, Any]:
    """Give a persistence layer's arguments: the table's name from the environment, the waits from the budget.

    The budget's call stands for two requests to the table, one before and one after the work, so each has half of its
    attempts.
    """
    derived = dict(given)
    if "table_name" not in derived:
        if not (table := os.environ.get(variable)):
            fix = f"runtime_features=RuntimeFeatures({feature}=True) on the function, or table_name=... here"
            raise RefusedError(
                variable, got="no such variable", allowed="a table that a construct made", fix=fix
            )
        derived["table_name"] = table
    if "boto_config" not in derived and "boto3_client" not in derived:
        derived["boto_config"] = _waits(call).botocore_config()
    return derived


def _waits(call: str) -> Waits:
    budget = Budget.current()
    if budget is None or call not in budget.calls:
        return Waits(call, **_WITHOUT_BUDGET)  # type: ignore[arg-type]
    both = budget.waits(call)
    return Waits(call, connect=both.connect, read=both.read, attempts=max(both.attempts // 2, 1))
