"""How a budget and its proof are laid out for a reader, and the refusal of one that does not hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.errors import TimeoutHierarchyError
from constructs_lib.timeouts.mending import TERMS, mend
from constructs_lib.timeouts.proof import Step, prove, text

if TYPE_CHECKING:
    from constructs_lib.timeouts.derivation import CallNumbers, Derived, Numbers

HARM = {
    "H1": "the caller gets a 504 while the function still runs and bills",
    "H2": "the first request after a scale-out gets a 504: init runs before the function's own clock starts",
    "H3": "doom loop: after a crash or a timeout init runs again inside the function's timeout, and never fits",
    "H4": "Lambda ends the init there and repeats it inside the function's timeout",
    "H5": "the function is killed before its client library gives up",
    "H6": "the queue hands a message out again while it is still being worked on",
    "H7": "the workflow gives up first, retries, and the work is done twice",
    "H8": "the client gives up on a function that still runs: nested 504s",
    "H9": "a retry finds no record in progress and repeats the side effect",
}


def refuse_if_broken(given: Numbers, derived: Derived) -> None:
    """Raise with the whole arithmetic if an inequality does not hold.

    Raises:
        TimeoutHierarchyError: names each inequality that does not hold, what breaks in production without it, and
            the smallest changes that mend it.
    """
    broken = [step for step in prove(given, derived) if not step.holds]
    if not broken:
        return
    violated = tuple(dict.fromkeys(step.id for step in broken))
    harms = "\n".join(f"  {step_id}: {HARM[step_id]}" for step_id in violated)
    changes = "\n".join(f"    {line}" for line in mend(given)) or f"    none by one number: {_ADVICE}"
    message = (
        f"the hierarchy of waits does not hold: {', '.join(violated)}\n{harms}\n\n{layout(given, derived)}\n\n"
        f"  smallest changes, each enough by itself\n{changes}"
    )
    raise TimeoutHierarchyError(violated, message)


_ADVICE = "make fewer or shorter calls, or hand the work to a queue or a workflow"


def layout(given: Numbers, derived: Derived) -> str:
    """Lay the arithmetic out: the numbers, then the inequalities, one line each, in seconds."""
    rows = [
        (name.replace("_", " "), text(value), "derived" if getattr(given, name) is None else "given")
        for name in TERMS
        if (value := getattr(derived, name)) is not None
    ]
    lines = [
        "  numbers, in seconds",
        *(f"    {name:<14}{value:>9}  {origin}" for name, value, origin in rows),
    ]
    lines += [_call_line(call, open_call) for call, open_call in zip(derived.calls, given.calls, strict=True)]
    steps = prove(given, derived)
    statement, arithmetic = (
        max(len(getattr(s, part)) for s in steps) for part in ("statement", "arithmetic")
    )
    lines += ["", "  inequalities"]
    lines += [
        f"    {s.id}  {s.statement:<{statement}}  {s.arithmetic:<{arithmetic}}  {_verdict(s)}" for s in steps
    ]
    return "\n".join(lines)


def _call_line(call: CallNumbers, given: CallNumbers) -> str:
    read = f"read {text(call.read or 0)}{' (derived)' if given.read is None else ''}"
    terms = f"{call.attempts} x (connect {text(call.connect)} + {read}) + back-off {text(call.backoff)}"
    return f"    call {call.name}: {terms} = {text(call.worst_case)}"


def _verdict(step: Step) -> str:
    if step.holds:
        return f"holds, {text(step.spare)} to spare" if step.spare else "holds, just"
    return f"BROKEN, {text(-step.spare)} short" if step.spare else "BROKEN, equal is not enough"
