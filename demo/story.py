"""What happens in the demo, in order."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.local import NOT_ENFORCED, LocalAws, deploy
from demo import (
    broken_hierarchy,
    crashes,
    dead_letters,
    deadlines,
    fulfilment,
    nightly,
    reports,
    routes,
    secrecy,
    throttling,
)
from demo.expectation import UnexpectedError
from demo.system import STACK, System

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from demo.screen import Screen

APP = Path(__file__).parent.parent

CHAPTERS: tuple[tuple[str, Callable[[System, Screen], str]], ...] = (
    ("Every route, cold and warm", routes.all_routes),
    ("What is refused", routes.refusals),
    ("More requests than the stage allows", throttling.too_many_requests),
    ("An event that fails for good", dead_letters.failed_event),
    ("Orders on a queue", fulfilment.queue_worker),
    ("An event and what follows it", fulfilment.event_target),
    ("Work that takes longer than a caller waits", reports.asynchronous_api),
    ("Every night, in batches", nightly.chunked_workflow),
    ("A call that hangs", deadlines.hanging_call),
    ("A function that crashes", crashes.crash),
    ("The secret stays secret", secrecy.stays_secret),
    ("A broken hierarchy of waits", broken_hierarchy.refused_at_synth),
)


def tell(screen: Screen) -> None:
    """Bring a local AWS up, deploy to it, go through the chapters, and leave nothing behind.

    Raises:
        UnexpectedError: something happened that the demo is not there to show.
        LocalAwsError: the local AWS or the deployment did not work.
    """
    clock = Clock()
    screen.heading("The reference app on a local AWS")
    with _started(screen) as local:
        clock.lap("a local AWS answers on 127.0.0.1")
        system = _deployed(local, screen)
        clock.lap("`cdk bootstrap` and `cdk deploy` work against it, as against AWS")
        for number, (title, chapter) in enumerate(CHAPTERS, 1):
            screen.heading(f"{number}  {title}")
            clock.lap(chapter(system, screen))
        groups = local.pids
    _check_gone(groups)
    clock.lap("all processes of it have ended")
    screen.heading("What the local AWS does not enforce")
    screen.table(("feature", "what happens locally"), NOT_ENFORCED)
    screen.heading("What was proven")
    screen.table(("", "s"), [*clock.laps, ("in all", clock.total)], numbers=["s"])


class Clock:
    """Notes what was proven, and how long it took."""

    def __init__(self) -> None:
        self._started = self._lap = time.monotonic()
        self.laps: list[tuple[str, str]] = []

    def lap(self, proven: str) -> None:
        """Note what was proven since the lap before."""
        now = time.monotonic()
        self.laps.append((proven, f"{now - self._lap:.1f}"))
        self._lap = now

    @property
    def total(self) -> str:
        """The seconds of all laps together."""
        return f"{self._lap - self._started:.1f}"


def _started(screen: Screen) -> LocalAws:
    with screen.working("local AWS") as progress:
        return LocalAws.start(progress=progress)


def _deployed(local: LocalAws, screen: Screen) -> System:
    with screen.working("cdk deploy") as progress:
        deployment = deploy(local, APP, context={"stage": "dev"}, progress=progress)
    system = System(local, deployment)
    screen.say(f"{STACK} is deployed: {system.url}")
    changes = Counter(
        f"{change.what}: {change.why}" for made in deployment.changes.values() for change in made
    )
    for change, count in changes.items():
        screen.say(f"Changed for the local AWS, {count} x: {change}", "dim")
    return system


def _check_gone(groups: Sequence[int]) -> None:
    """Look whether a process is left of those that the local AWS started, each of which led a group of its own."""
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, 0)
            raise UnexpectedError(f"processes: group {group} of the local AWS is still there; expected none")
