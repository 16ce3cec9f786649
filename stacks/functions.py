"""How the reference system makes a function out of one of its handlers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from constructs_lib import HardenedFunction, RuntimeFeatures

if TYPE_CHECKING:
    from constructs import Construct

    from constructs_lib import TimeoutBudget
    from stacks.stage import Stage

HANDLERS = Path(__file__).parent.parent / "lambda_src"


def orders_function(
    scope: Construct, construct_id: str, module: str, budget: TimeoutBudget, *, stage: Stage, **options: Any
) -> HardenedFunction:
    """Make the function whose handler is in that module of ``lambda_src/orders``, with the runtime library beside it."""
    return HardenedFunction(
        scope,
        construct_id,
        code=HANDLERS,
        handler=f"orders.{module}.handler",
        budget=budget,
        runtime_features=RuntimeFeatures(),
        removal_policy=stage.removal_policy,
        **options,
    )
