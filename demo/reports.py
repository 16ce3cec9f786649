"""Work that takes longer than a caller waits: 202, a status, a result."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from demo.expectation import expect
from demo.waiting import wait_for

if TYPE_CHECKING:
    from demo.screen import Screen
    from demo.system import Reply, System

POST = "POST /reports"
ARTICLE = "nut-m8"


def asynchronous_api(system: System, screen: Screen) -> str:
    """Ask for a report twice with one key, and follow its status to the result."""
    key = {"Idempotency-Key": str(uuid.uuid4())}
    replies = [(POST, system.insist(POST, {"articles": [ARTICLE]}, headers=key)) for _ in range(2)]
    job = replies[0][1].body["id"]
    get = f"GET /reports/{job}"
    with screen.working(get):
        done = wait_for("the report", lambda: _ended(system.insist(get)))
    replies.append(("GET /reports/{job_id}", done))
    rows = [
        (
            request,
            str(reply.status),
            f"{reply.seconds * 1000:.0f}",
            reply.body["status"],
            str(reply.body.get("result", "-")),
        )
        for request, reply in replies
    ]
    screen.table(("request", "code", "ms", "status", "result"), rows, numbers=["ms"])
    expect("answers", [reply.status for _, reply in replies], [202, 202, 200])
    expect("jobs", {reply.body["id"] for _, reply in replies}, {job})
    expect("the report's articles", done.body["result"]["articles"], {ARTICLE: 120})
    return "a report is accepted with 202, made once for one key, and told by its status URL"


def _ended(reply: Reply) -> Reply | None:
    return reply if reply.body["status"] in {"done", "failed"} else None
