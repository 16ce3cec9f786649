"""What decorators cost in a warm sandbox: a process of its own that prints microseconds per invocation as JSON.

Every turn measures plain, ours and Powertools one after another, so that whatever else the machine does weighs on all; the
least of all turns counts, because others' work only adds to it.
"""

# ruff: noqa: PLC0415 - the libraries read the environment when they are loaded

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

TURNS, INVOCATIONS = 25, 400
EVENT = {
    "httpMethod": "GET",
    "headers": {"x-correlation-id": "checkout-1"},
    "requestContext": {"requestId": "1"},
}
ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    "AWS_LAMBDA_FUNCTION_NAME": "orders",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_STREAM_NAME": f"2026/11/21/[7]{os.urandom(16).hex()}",
    "POWERTOOLS_METRICS_NAMESPACE": "Orders",
    "POWERTOOLS_SERVICE_NAME": "orders",
    "TIMEOUT_BUDGET": '{"function":7,"init":2,"calls":{"orders-table":{"connect":1,"read":4,"attempts":1,"backoff":0}}}',
}


def plain(_event: object, _context: object) -> dict[str, Any]:
    """Answer."""
    return {"statusCode": 200}


def ours() -> Callable[..., Any]:
    """Give a handler with everything that the library puts around it, and one downstream call."""
    from constructs_lib.runtime import api_handler, downstream

    @api_handler
    def handler(_event: object, _context: object) -> dict[str, Any]:
        with downstream("orders-table"):
            return {"statusCode": 200}

    return handler


def powertools() -> Callable[..., Any]:
    """Give a handler with Powertools' Logger, Metrics and Tracer around it, and one metric."""
    from aws_lambda_powertools import Logger, Metrics, Tracer
    from aws_lambda_powertools.metrics import MetricUnit

    logger, metrics, tracer = Logger(), Metrics(), Tracer()

    @logger.inject_lambda_context(correlation_id_path="requestContext.requestId")
    @metrics.log_metrics
    @tracer.capture_lambda_handler
    def handler(_event: object, _context: object) -> dict[str, Any]:
        metrics.add_metric(name="Reads", unit=MetricUnit.Count, value=1)
        return {"statusCode": 200}

    return handler


def main() -> None:
    """Measure in turns."""
    from awslambdaric.lambda_context import LambdaContext

    handlers = {"plain": plain, "ours": ours(), "powertools": powertools()}
    least = dict.fromkeys(handlers, float("inf"))
    real, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115, PTH123 - where the handlers' lines go
    for _ in range(TURNS):
        for name, handler in handlers.items():
            context = LambdaContext(
                "8f5d2ab4", None, None, int((time.time() + 7) * 1000), "arn:aws:lambda:::f"
            )
            began = time.perf_counter()
            for _ in range(INVOCATIONS):
                handler(EVENT, context)
            least[name] = min(least[name], (time.perf_counter() - began) / INVOCATIONS)
    real.write(json.dumps({name: seconds * 1e6 for name, seconds in least.items()}))


if __name__ == "__main__":
    os.environ.update(ENVIRONMENT)
    main()
