"""Every route, cold and warm; and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from demo.expectation import expect
from demo.system import CUSTOMER

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import System

ORDER = {"order_id": "7", "lines": [{"article": "bolt-m8", "quantity": 2}]}
TOO_MANY = {"order_id": "8", "lines": [{"article": "bolt-m8", "quantity": 1_000_000}]}
NO_LINES = {"order_id": "9"}
NOTIFICATION = {"channel": "email"}

FORGED = f"Bearer {CUSTOMER}.{'0' * 64}"


class Twice(NamedTuple):
    """A request that is sent twice: what it should be answered first and again, and by which sandbox."""

    request: str
    body: object
    statuses: tuple[int, int]
    sandboxes: tuple[str, str]


ROUTES = (
    Twice("POST /orders", ORDER, (201, 200), ("cold", "warm")),
    Twice("GET /orders", None, (200, 200), ("cold", "warm")),
    Twice("GET /orders/7", None, (200, 200), ("warm", "warm")),
    Twice("POST /orders/7/notifications", NOTIFICATION, (202, 202), ("", "")),
    Twice("GET /diagnostics/work", None, (200, 200), ("cold", "warm")),
)


def all_routes(system: System, screen: Screen) -> str:
    """Call each route twice: the first call starts a sandbox, unless another route has started it already."""
    rows = []
    for route in ROUTES:
        for status, sandbox in zip(route.statuses, route.sandboxes, strict=True):
            reply = system.call(route.request, route.body)
            expect(route.request, (reply.status, reply.sandbox), (status, sandbox))
            rows.append((route.request, str(status), f"{reply.seconds * 1000:.0f}", sandbox or "-"))
    screen.table(("request", "status", "ms", "sandbox"), rows, numbers=["ms"])
    screen.say(
        "The second POST is the same order again: 200, and nothing is ordered twice. "
        "A notification is answered before its function starts.",
        "dim",
    )
    return f"{len(ROUTES)} routes answer, cold and warm"


REFUSALS = (
    ("GET /orders", None, "no token", "", 401),
    ("GET /orders", None, "malformed token", "Bearer me", 401),
    ("GET /orders", None, "forged token", FORGED, 403),
    ("POST /orders", NO_LINES, "no lines", None, 400),
    ("POST /orders", TOO_MANY, "a million bolts", None, 422),
    ("GET /orders/8", None, "no such order", None, 404),
)


def refusals(system: System, screen: Screen) -> str:
    """Show what does not get through, and that the caller is told why."""
    rows = []
    for request, body, why, token, status in REFUSALS:
        reply = system.call(request, body, token=token)
        expect(f"{request} ({why})", reply.status, status)
        rows.append((request, why, str(status), reply.body["message"]))
    screen.table(("request", "because of", "status", "message"), rows)
    return f"{len(REFUSALS)} bad requests refused, each with its own reason"
