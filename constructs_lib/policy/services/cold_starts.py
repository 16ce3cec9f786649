"""Whether a request can meet a cold start of a function, by what the template holds and what it declares."""

from __future__ import annotations

from constructs_lib.policy.values.cases import ABSENT, Case, Unknown, combine, distinct
from constructs_lib.policy.values.text import why_all_unknown
from constructs_lib.policy.values.value import Value
from constructs_lib.timeouts.inequalities import never_cold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from constructs_lib.policy.function import Function


def may_start_cold(function: Function) -> Value:
    """Tell whether a request can meet one: True or False in each case.

    That none can is believed where it is proven, or declared and possible.
    """
    amounts = [each.amount.default(0.0) for each in function.provisioned]
    values = [function.reserved, function.snapstart, *amounts]
    declared = declares_none(function)
    found = [Case(_cold(declared, *datas), when) for datas, when in combine([each.cases for each in values])]
    return Value(distinct(found), function.resource.place, None)


def _cold(declared: bool, reserved: Any, snapstart: Any, *amounts: Any) -> bool | Unknown:
    """Judge one case; unknown is what an unknown number could still rule out."""
    held = None if reserved is ABSENT or isinstance(reserved, Unknown) else reserved
    warm = sum(amount for amount in amounts if not isinstance(amount, Unknown))
    if never_cold(reserved=held, warm=warm):
        return False
    unclear = [each for each in (reserved, *amounts) if isinstance(each, Unknown)]
    if declared:
        reason = isinstance(snapstart, Unknown) or why_all_unknown(snapstart)
        return not (unclear or reason or snapstart == "PublishedVersions")
    return unclear[0] if unclear and amounts and reserved is not ABSENT else True


def declares_none(function: Function) -> bool:
    """Tell whether the metadata says that no request meets a cold start."""
    return function.budget.get("cold_starts") is False


def disbelief(function: Function) -> str:
    """Say why such a declaration does not count, for the end of a message; nothing if there is none."""
    if not declares_none(function):
        return ""
    return " It declares cold_starts: false, but nothing holds back requests beyond what is kept warm."
