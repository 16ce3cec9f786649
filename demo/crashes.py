"""A function that runs into its timeout, and one that crashes: the next request starts a new sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.expectation import expect

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import System


def time_out(system: System, screen: Screen) -> str:
    """Let the function run until Lambda ends it."""
    timeout = system.function("Diagnostics")["Timeout"]
    seconds = _fail_and_recover(system, screen, "time-out")
    expect(f"the answer took the function's timeout of {timeout} s at least", seconds >= timeout, wanted=True)
    return f"a timeout after {timeout} s is a 502; the next request works"


def crash(system: System, screen: Screen) -> str:
    """Let the function's process end by itself."""
    _fail_and_recover(system, screen, "crash")
    return "a crash is a 502; the next request works"


def _fail_and_recover(system: System, screen: Screen, behaviour: str) -> float:
    requests = (f"GET /diagnostics/{behaviour}", "GET /diagnostics/work", "GET /diagnostics/work")
    with screen.working(requests[0]):
        replies = [system.call(request) for request in requests]
    rows = [
        (request, str(reply.status), f"{reply.seconds * 1000:.0f}", reply.sandbox or "-")
        for request, reply in zip(requests, replies, strict=True)
    ]
    screen.table(("request", "status", "ms", "sandbox"), rows, numbers=["ms"])
    expect("statuses", [reply.status for reply in replies], [502, 200, 200])
    expect("sandboxes", [reply.sandbox for reply in replies], ["", "cold", "warm"])
    return replies[0].seconds
