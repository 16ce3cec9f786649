"""The secret: used in every request, seen in none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from demo.expectation import UnexpectedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.screen import Screen
    from demo.system import System


def stays_secret(system: System, screen: Screen) -> str:
    """Look for the signing key in the template, in all logs and in all answers so far."""
    places = {
        "template": [file.read_text() for file in system.local.run_directory.rglob("*.template.json")],
        "log line": list(_log_lines(system)),
        "answer": [f"{reply.headers} {reply.body}" for reply in system.replies],
    }
    for place, texts in places.items():
        if any(system.signing_key in text for text in texts):
            raise UnexpectedError(f"signing key: found in a {place}; expected nowhere but in Secrets Manager")
        if not texts:
            raise UnexpectedError(f"signing key: no {place} to look for it in")
    looked = ", ".join(f"{len(texts)} {place}{'s' * (len(texts) > 1)}" for place, texts in places.items())
    screen.say(f"The key that signs tokens was looked for in {looked}: it is in none of them.")
    return f"no secret in {looked}"


def _log_lines(system: System) -> Iterator[str]:
    logs = system.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]:
            yield event["message"]
