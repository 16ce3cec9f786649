"""Powertools' idempotency, with a record that counts as in progress for longer than the function can run (H9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig

from constructs_lib.runtime.budget import Budget
from constructs_lib.runtime.powertools.tables import table_settings
from constructs_lib.timeouts.carriers import IDEMPOTENCY_CALL, IDEMPOTENCY_TABLE_VARIABLE

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_AFTER_THE_END = (
    1000  # milliseconds; the clocks of two sandboxes differ, and a kill is not to the millisecond
)


def idempotency_config(**settings: Any) -> IdempotencyConfig:
    """Give Powertools' configuration, with the in-progress time of the budget.

    Powertools itself takes the time that the invocation has left. The record then expires in the very moment in which
    Lambda ends the function, and a retry that another sandbox's clock lets in a little early repeats a side effect that is
    still under way. It takes no time at all, and a record that a crash left blocks its key for an hour, where
    ``@idempotent_function`` runs without ``register_lambda_context``. Here a record counts as in progress for the budget's
    ``in_progress``, which is longer than the function's timeout, in both cases.

    A deadline that ends the work leaves the record in progress, because nobody knows how far the work went: until it
    expires, a retry gets ``IdempotencyAlreadyInProgressError``, which queues and asynchronous callers answer by trying
    again later. On Managed Instances, where code runs on after its timeout, no time is long enough.

    Args:
        settings: the arguments of ``IdempotencyConfig``.

    Example:
        >>> config = idempotency_config(event_key_jmespath="order_id", expires_after_seconds=86_400)
        >>> config.expires_after_seconds
        86400
    """
    return _BudgetedConfig(**settings)


def idempotency_store(**settings: Any) -> DynamoDBPersistenceLayer:
    """Give Powertools' store of records, on the construct's table.

    ::

        @idempotent(config=idempotency_config(event_key_jmespath="order_id"), persistence_store=idempotency_store())
        def handler(event, context): ...

    Args:
        settings: further arguments of ``DynamoDBPersistenceLayer``; each replaces what is derived here.

    Raises:
        RefusedError: the function has no such table: ``RuntimeFeatures(idempotency=True)`` is missing.
    """
    return DynamoDBPersistenceLayer(
        **table_settings(IDEMPOTENCY_TABLE_VARIABLE, IDEMPOTENCY_CALL, "idempotency", settings)
    )


class _BudgetedConfig(IdempotencyConfig):
    """Hands Powertools a context whose remaining time is that of the record."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.register_lambda_context(self.lambda_context)

    def register_lambda_context(self, lambda_context: LambdaContext | None) -> None:
        """Take the context of an invocation, as Powertools' decorators hand it in."""
        known = lambda_context is not None or Budget.current() is not None
        # Where nothing is known Powertools warns, as it does on its own.
        self.lambda_context = _InProgress(lambda_context) if known else None  # type: ignore[assignment]


class _InProgress:
    """As much of a context as Powertools' idempotency asks for."""

    __slots__ = ("_context",)

    def __init__(self, context: LambdaContext | None) -> None:
        self._context = context

    def get_remaining_time_in_millis(self) -> int:
        """Give the milliseconds for which a record that is made now counts as in progress."""
        budget = Budget.current()
        planned = 0 if budget is None or budget.in_progress is None else int(budget.in_progress * 1000)
        left = 0 if self._context is None else self._context.get_remaining_time_in_millis() + _AFTER_THE_END
        return max(planned, left)
