"""Interrupts a call at one moment after the other: at each at which a signal's handler can run in the interpreter.

That is when a function starts, and after a call of C code or a jump back. Chance would find the few moments between a
question and its answer, or between taking a lock and noting it, once in thousands of runs.
"""

from __future__ import annotations

import dis
import sys
from typing import TYPE_CHECKING, Any

from constructs_lib.runtime.guard import _HOLDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

_CHECKED = {
    dis.opmap[name] for name in ("CALL", "CALL_FUNCTION_EX", "CALL_KW", "JUMP_BACKWARD") if name in dis.opmap
}
_GENERATOR = 0x20


def interrupted_at(moment: int, call: Callable[[], object]) -> str | None:
    """Make a call and interrupt it at its n-th moment; gives the place, or None where it ended before."""
    struck: list[str] = []
    passed = 0
    last: tuple[FrameType | None, int] = (None, 0)

    def trace(frame: FrameType, event: str, argument: Any) -> Any:  # noqa: ARG001 - as sys.settrace calls it
        nonlocal passed, last
        frame.f_trace_opcodes = True
        if frame.f_code.co_name in _HOLDS:  # which the guard lets be
            return trace
        starts = event == "call" and not frame.f_code.co_flags & _GENERATOR
        if starts or (event == "opcode" and last[0] is frame and last[1] in _CHECKED):
            passed += 1
            if passed == moment:
                sys.settrace(None)
                struck.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}")
                raise KeyboardInterrupt
        if event == "exception":  # what has raised is not followed by a moment
            last = (None, 0)
        elif event == "opcode":
            last = (frame, frame.f_code.co_code[frame.f_lasti])
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    return struck[0] if struck else None


def sweep(first: Callable[[], object], then: Callable[[], object], right: object) -> dict[str, object]:
    """Interrupt one call at each of its moments and make another; gives the wrong answers, by the moment before them."""
    wrong: dict[str, object] = {}
    moment = 1
    while (place := interrupted_at(moment, first)) is not None:
        moment += 1
        try:
            answer = then()
        except Exception as error:  # noqa: BLE001 - what is stuck is as wrong as another's answer
            answer = error
        if answer != right:
            wrong[place] = answer
    assert moment > 10, "nothing was interrupted"
    return wrong
