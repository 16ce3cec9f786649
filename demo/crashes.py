"""A function that crashes: the next request starts a new sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.expectation import expect

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import System


def crash(system: System, screen: Screen) -> str:
    """Let the function's process end by itself."""
    requests = ("GET /diagnostics/crash", "GET /diagnostics/work", "GET /diagnostics/work")
    with screen.working(requests[0]):
        replies = [system.call(request) for request in requests]
    rows = [
        (request, str(reply.status), f"{reply.seconds * 1000:.0f}", reply.sandbox or "-")
        for request, reply in zip(requests, replies, strict=True)
    ]
    screen.table(("request", "status", "ms", "sandbox"), rows, numbers=["ms"])
    expect("statuses", [reply.status for reply in replies], [502, 200, 200])
    expect("sandboxes", [reply.sandbox for reply in replies], ["", "cold", "warm"])
    return "a crash is a 502; the next request works"
