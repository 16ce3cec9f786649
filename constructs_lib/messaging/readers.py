"""What a function must be to read a queue or a stream."""

from __future__ import annotations

from constructs_lib.compute.function import HardenedFunction
from constructs_lib.errors import RefusedError


def check_reader(subject: str, function: object, source: str) -> None:
    """Refuse what is no hardened function, and one whose failure path no batch ever takes.

    Raises:
        RefusedError: names the argument and what to change.
    """
    if not isinstance(function, HardenedFunction):
        raise RefusedError(
            f"{subject}: function",
            got=type(function).__name__,
            allowed="a HardenedFunction, whose budget gives the waits and whose alias is what reads",
            fix="HardenedFunction(self, ..., budget=TimeoutBudget(gateway=None, ...))",
        )
    if function.async_failure is not None:
        raise RefusedError(
            f"{subject}: function",
            got=f"{function.construct_id!r} with async_failure, which no batch of a {source} ever reaches: its reader "
            "invokes synchronously, and what fails ends in the worker's own dead-letter queue",
            allowed=f"a function without async_failure, invoked by this {source}",
            fix="leave async_failure out; asynchronous callers get a function of their own",
        )
