"""A downstream call that hangs: answered in time by the runtime library, and ended by Lambda without it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from demo.expectation import expect

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import Reply, System

ROUNDS = 2


def hanging_call(system: System, screen: Screen) -> str:
    """Send the same requests to two functions with the same timeout, of which one keeps its deadline."""
    timeout = system.function("Diagnostics")["Timeout"]
    expect("the other function's timeout", system.function("Unguarded")["Timeout"], timeout)
    for route in ("diagnostics", "unguarded"):
        system.call(f"GET /{route}/work")  # both are warm when the warehouse begins to hang
    with screen.working("GET /diagnostics/hang and GET /unguarded/hang"), ThreadPoolExecutor(2) as clients:
        kept, ended = clients.map(lambda route: _hang_and_go_on(system, route), ("diagnostics", "unguarded"))
    _show(screen, "With the runtime library", "diagnostics", kept)
    _show(screen, "Without", "unguarded", ended)
    expect("statuses with the library", [reply.status for reply in kept], [503, 200] * ROUNDS)
    expect("answers in time", all(reply.seconds < timeout for reply in kept), wanted=True)
    expect("Retry-After", {reply.headers.get("Retry-After") for reply in kept[::2]}, {"1"})
    expect("sandboxes after a 503", {reply.sandbox for reply in kept[1::2]}, {"warm"})
    expect("statuses without", [reply.status for reply in ended], [502, 200] * ROUNDS)
    expect("sandboxes after a timeout", {reply.sandbox for reply in ended[1::2]}, {"cold"})
    screen.say(
        "With it: 503 and Retry-After before the timeout, and the sandbox lives on. Without: Lambda kills the sandbox, "
        "the next request initialises again, and so on for as long as the warehouse hangs: the doom loop. On AWS that "
        "init also counts against the function's timeout, which the local AWS does not enforce.",
        "dim",
    )
    return f"a hanging call is a 503 within {timeout} s and costs no sandbox; without the library, one each"


def _hang_and_go_on(system: System, route: str) -> list[Reply]:
    return [system.call(f"GET /{route}/{behaviour}") for _ in range(ROUNDS) for behaviour in ("hang", "work")]


def _show(screen: Screen, title: str, route: str, replies: list[Reply]) -> None:
    screen.say(title)
    rows = [
        (
            f"GET /{route}/{('hang', 'work')[number % 2]}",
            str(reply.status),
            f"{reply.seconds * 1000:.0f}",
            reply.sandbox or "-",
        )
        for number, reply in enumerate(replies)
    ]
    screen.table(("request", "status", "ms", "sandbox"), rows, numbers=["ms"])
