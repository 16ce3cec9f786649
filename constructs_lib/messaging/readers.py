"""What a function must be to read a queue or a stream, and what it reads already."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakSet

from aws_cdk import Stack

from constructs_lib.compute.arguments import check_hardened
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from constructs import Construct

    from constructs_lib.compute.function import HardenedFunction

# What each function reads, by ARN, with the worker that reads it.
_sources: WeakKeyDictionary[HardenedFunction, dict[str, str]] = WeakKeyDictionary()
# The scopes that were found in a function's own stack: each look is a round trip to CDK.
_beside: WeakKeyDictionary[HardenedFunction, WeakSet[Construct]] = WeakKeyDictionary()


def check_reader(subject: str, scope: Construct, function: HardenedFunction, source: str) -> None:
    """Refuse what is no hardened function, one whose failure path no batch ever takes, and one of another stack.

    Raises:
        RefusedError: names the argument and what to change.
    """
    check_hardened(
        f"{subject}: function",
        function,
        "whose budget gives the waits and whose alias is what reads",
        "HardenedFunction(self, ..., budget=TimeoutBudget(gateway=None, ...))",
    )
    if function.async_failure is not None:
        raise RefusedError(
            f"{subject}: function",
            got=f"{function.construct_id!r} with async_failure, which no batch of a {source} ever reaches: its reader "
            "invokes synchronously, and what fails ends in the worker's own dead-letter queue",
            allowed=f"a function without async_failure, invoked by this {source}",
            fix="leave async_failure out; asynchronous callers get a function of their own",
        )
    beside = _beside.setdefault(function, WeakSet())
    if scope not in beside and Stack.of(function) is not Stack.of(scope):
        raise RefusedError(
            f"{subject}: function",
            got=f"{function.construct_id!r} of another stack: its role would need the {source}, whose mapping needs the "
            "function, and neither stack could be deployed first",
            allowed=f"a function of the same stack; the {source} itself may be given from another",
            fix="make the worker in the function's stack",
        )
    beside.add(scope)


def check_unread(subject: str, function: HardenedFunction, arn: str, source: str) -> None:
    """Refuse a source that the function reads already.

    Raises:
        RefusedError: names the worker that does.
    """
    if (other := _sources.get(function, {}).get(arn)) is not None:
        raise RefusedError(
            f"{subject}: {source}",
            got=f"one that {function.construct_id!r} reads already, in {other}",
            allowed=f"one mapping of a {source} to a function: Lambda refuses a second one",
            fix="drop one of the two workers",
        )


def note_read(function: HardenedFunction, arn: str, worker: str) -> None:
    """Remember what a function reads."""
    _sources.setdefault(function, {})[arn] = worker
