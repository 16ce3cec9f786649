"""Whether a request can meet a cold start of a function, by what the template holds and what it declares."""

from __future__ import annotations

from constructs_lib.timeouts.inequalities import never_cold

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.function import Function


def may_start_cold(function: Function) -> bool:
    """Tell whether a request can meet one; that none can is believed where it is proven, or declared and possible."""
    reserved, amounts = function.reserved, [each.amount for each in function.provisioned]
    warm = sum(amount.only for amount in amounts if isinstance(amount.only, float))
    held = reserved.only if isinstance(reserved.only, float) else None
    if never_cold(reserved=held, warm=warm):
        return False
    unclear = (each.unknown for each in (reserved, function.snapstart, *amounts))
    snap_start = function.snapstart.only == "PublishedVersions"
    possible = any(unclear) or never_cold(reserved=held, warm=warm, snap_start=snap_start)
    return not (declares_none(function) and possible)


def declares_none(function: Function) -> bool:
    """Tell whether the metadata says that no request meets a cold start."""
    return function.budget.get("cold_starts") is False


def disbelief(function: Function) -> str:
    """Say why such a declaration does not count, for the end of a message; nothing if there is none."""
    if not declares_none(function):
        return ""
    return " It declares cold_starts: false, but nothing holds back requests beyond what is kept warm."
