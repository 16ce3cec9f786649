"""The arithmetic: from how long a caller may wait to every other number, and the proof that they fit together.

``inequalities``  H1 to H9 as plain functions of plain numbers; constructs set numbers with them, rules check with them
``derivation``    from the numbers that are given to all numbers, in whole milliseconds
``proof``         the inequalities that apply to a budget, one step each
``mending``       the smallest changes that would make a broken budget hold
``layout``        how a budget and its proof read, and the refusal of one that does not hold
``seconds``       durations as users give them
``call``          :class:`Call`, which users write
``budget``        :class:`TimeoutBudget`, which users write

Pure: standard library only, no CDK. All durations are in seconds. The door opens lazily: the checker needs only the
inequalities, and the budget takes longer to load than a template takes to check.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.errors import TimeoutHierarchyError
    from constructs_lib.timeouts.budget import TimeoutBudget
    from constructs_lib.timeouts.call import Call

__all__ = ["Call", "TimeoutBudget", "TimeoutHierarchyError"]

_HOMES = {
    "Call": "constructs_lib.timeouts.call",
    "TimeoutBudget": "constructs_lib.timeouts.budget",
    "TimeoutHierarchyError": "constructs_lib.errors",
}


def __getattr__(name: str) -> object:
    """Load the module that a public name lives in, once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only a first use needs it

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
