"""More requests than the stage allows."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from demo.expectation import UnexpectedError, expect
from demo.system import TOO_MANY_REQUESTS

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import System

REQUESTS = 60
CLIENTS = 3


def too_many_requests(system: System, screen: Screen) -> str:
    """Send more than the stage's burst at once; then wait as long as the 429 says, and try again."""
    with screen.working(f"sending {REQUESTS} requests"), ThreadPoolExecutor(CLIENTS) as clients:
        replies = list(clients.map(lambda _: system.call("GET /orders/7"), range(REQUESTS)))
    statuses = Counter(reply.status for reply in replies)
    screen.table(("status", "requests"), [(str(status), str(n)) for status, n in sorted(statuses.items())])
    expect("statuses", set(statuses), {200, TOO_MANY_REQUESTS})
    refused = next(reply for reply in replies if reply.status == TOO_MANY_REQUESTS)
    wait = refused.headers.get("Retry-After", "")
    if not wait.isdigit():
        raise UnexpectedError(f"Retry-After of a 429: got {wait!r}; expected seconds")
    screen.say(f"429 says: {refused.body['message']}, Retry-After: {wait} s")
    time.sleep(int(wait))
    expect("the request after Retry-After", system.call("GET /orders/7").status, 200)
    screen.say(f"The same request after {wait} s: 200")
    return f"{statuses[TOO_MANY_REQUESTS]} of {REQUESTS} requests throttled; after Retry-After it works again"
