"""AWS Lambda Powertools on the function's own timeouts: each name is Powertools' own, given what the budget knows.

========================  ========================================================================================
`idempotency_config`      Powertools' ``IdempotencyConfig``; a record counts as in progress for longer than the
                          function can run (H9)
`idempotency_store`       its ``DynamoDBPersistenceLayer`` on the table that the construct made
`BatchProcessor`,         its batch processors; what the deadline leaves undone goes back as ``batchItemFailures``
`AsyncBatchProcessor`,
`SqsFifoPartialProcessor`
`circuit_breaker_store`   its ``CircuitBreakerDynamoDBPersistence`` on the table that the construct made
`SSMProvider`,            its parameter providers over the Parameters and Secrets extension
`SecretsProvider`
========================  ========================================================================================

Loaded when used, as everything here; Powertools itself and boto3 take their own time then. Install with the extra
``constructs-lib[powertools]``, or use AWS's layer of Powertools.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.runtime.powertools.batch import (
        AsyncBatchProcessor,
        BatchProcessor,
        SqsFifoPartialProcessor,
    )
    from constructs_lib.runtime.powertools.idempotency import idempotency_config, idempotency_store
    from constructs_lib.runtime.powertools.parameters import SecretsProvider, SSMProvider
    from constructs_lib.runtime.powertools.tables import circuit_breaker_store

_HOMES = {
    "AsyncBatchProcessor": "batch",
    "BatchProcessor": "batch",
    "SSMProvider": "parameters",
    "SecretsProvider": "parameters",
    "SqsFifoPartialProcessor": "batch",
    "circuit_breaker_store": "tables",
    "idempotency_config": "idempotency",
    "idempotency_store": "idempotency",
}

__all__ = [
    "AsyncBatchProcessor",
    "BatchProcessor",
    "SSMProvider",
    "SecretsProvider",
    "SqsFifoPartialProcessor",
    "circuit_breaker_store",
    "idempotency_config",
    "idempotency_store",
]


def __getattr__(name: str) -> object:
    """Load the module that a public name lives in, once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - costs more than this whole module, and only a first use needs it

    try:
        module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        if str(error.name).startswith("aws_lambda_powertools"):
            error.add_note("it comes with constructs-lib[powertools], or with AWS's layer of Powertools")
        raise
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names too, before they have been loaded."""
    return sorted({*globals(), *__all__})
