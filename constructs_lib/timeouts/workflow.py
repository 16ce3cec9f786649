"""How long a workflow can take: its states' timeouts, retries and pauses, along the longest way through them.

Reads definitions in the Amazon States Language as plain data, durations in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from constructs_lib.limits import (
    RETRY_ATTEMPTS_DEFAULT,
    RETRY_BACKOFF_RATE_DEFAULT,
    RETRY_INTERVAL_DEFAULT,
    TASK_TIMEOUT_DEFAULT,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Path:
    """A way through a workflow: the states that take time, and how many seconds each may."""

    steps: tuple[tuple[str, float], ...] = ()

    @property
    def seconds(self) -> float:
        """How long the whole way may take."""
        return sum(seconds for _, seconds in self.steps)

    @property
    def terms(self) -> str:
        """The sum as people write it.

        Example:
            >>> Path((("Charge", 20.0), ("Ship", 30.0))).terms
            '20 s for Charge + 30 s for Ship'
        """
        return " + ".join(f"{seconds:g} s for {name}" for name, seconds in self.steps)


def pauses(retries: int, interval: float, rate: float, longest: float | None = None) -> float:
    """Add up the pauses before all retries of one retrier, none longer than ``longest``.

    Full jitter draws each pause between nothing and this, so it makes none longer.

    Example:
        >>> pauses(4, interval=1, rate=2), pauses(4, interval=1, rate=2, longest=3)
        (15, 9)
    """
    grown = (interval * rate**index for index in range(retries))
    return sum(grown if longest is None else (min(pause, longest) for pause in grown))


def attempts_worst_case(once: float, retriers: Sequence[Mapping[str, Any]]) -> float:
    """H7 over all attempts: how long a state may take, each attempt as long as ``once``, and every pause.

    Each retrier counts its own attempts, so those of all add up.

    Example:
        >>> attempts_worst_case(10, [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2, "IntervalSeconds": 3}])
        39.0
    """
    total = once
    for retrier in retriers:
        retries = int(retrier.get("MaxAttempts", RETRY_ATTEMPTS_DEFAULT))
        interval = float(retrier.get("IntervalSeconds", RETRY_INTERVAL_DEFAULT))
        rate = float(retrier.get("BackoffRate", RETRY_BACKOFF_RATE_DEFAULT))
        total += retries * once + pauses(retries, interval, rate, retrier.get("MaxDelaySeconds"))
    return total


def longest_path(workflow: Mapping[str, Any]) -> Path:
    """Find the way through a workflow that may take longest, ways through a Catch included.

    A task counts with its TimeoutSeconds, which is 99,999,999 where it sets none (limits.TASK_TIMEOUT_DEFAULT), all its
    attempts and the pauses between them; a Parallel with its longest branch. A Map counts as one round, and a way back to
    an earlier state ends there: where either can happen more than once, the time of one round is what is known.

    Args:
        workflow: a state machine, a branch or an item processor: ``StartAt`` and ``States``.

    Example:
        >>> wait = {"Type": "Wait", "Seconds": 5, "Next": "Charge"}
        >>> charge = {"Type": "Task", "TimeoutSeconds": 10, "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]}
        >>> longest_path({"StartAt": "Wait", "States": {"Wait": wait, "Charge": charge}}).terms
        '5 s for Wait + 21 s for Charge'
    """
    states: Mapping[str, Mapping[str, Any]] = workflow["States"]
    best: dict[str, Path] = {}
    opened: set[str] = set()
    pending = [workflow["StartAt"]]
    while pending:  # depth first without recursion: a chain of states may be long
        name = pending[-1]
        if name not in opened:
            opened.add(name)
            pending += [each for each in _successors(states[name]) if each not in opened]
            continue
        pending.pop()
        if name not in best:
            after = max(
                (best.get(each, Path()) for each in _successors(states[name])), key=_seconds, default=Path()
            )
            best[name] = Path((*_own(name, states[name]).steps, *after.steps))
    return best[workflow["StartAt"]]


def _seconds(path: Path) -> float:
    return path.seconds


def _successors(state: Mapping[str, Any]) -> Iterator[str]:
    for choice in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        if "Next" in choice:
            yield choice["Next"]
    if "Default" in state:
        yield state["Default"]


def _own(name: str, state: Mapping[str, Any]) -> Path:
    retriers = state.get("Retry", [])
    kind = state["Type"]
    if kind in {"Parallel", "Map"}:
        branches = state["Branches"] if kind == "Parallel" else [state["ItemProcessor"]]
        inner = max((longest_path(branch) for branch in branches), key=_seconds)
        if not retriers:
            return inner
        return Path(((name, attempts_worst_case(inner.seconds, retriers)),))
    once = {"Task": state.get("TimeoutSeconds", float(TASK_TIMEOUT_DEFAULT)), "Wait": state.get("Seconds", 0)}
    seconds = attempts_worst_case(float(once.get(kind, 0)), retriers)
    return Path(((name, seconds),) if seconds else ())
