"""A store that may fail: what it raises ends here, and it then rests for a while instead of failing every request anew."""

from __future__ import annotations

import logging

from constructs_lib.errors import DeadlineExceeded
from constructs_lib.runtime import surroundings
from constructs_lib.runtime.stores import CACHE_CALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from constructs_lib.runtime.stores import Store

_REST, _LONGEST_REST = 1.0, 60.0
_log = logging.getLogger(__name__)


class GuardedStore:
    """Passes on to a store what it can take, and gives nothing where it cannot.

    After a failure it rests: 1 s, then twice as long each time, 60 s at most. Then one operation tries whether it is back,
    while the others still pass it by. With less left of the invocation than an operation can take, none is begun.

    Args:
        store: the store.
        clock: gives the time in seconds; one that goes on while the sandbox is frozen.
    """

    __slots__ = ("_clock", "_pause", "_resting_until", "_store")

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock
        self._pause, self._resting_until = 0.0, 0.0

    def __repr__(self) -> str:
        return repr(self._store)

    def get(self, key: str) -> str | None:
        """Give what is kept, if anything, and if the store answers."""
        found: str | None = self._try(self._store.get, key)
        return found

    def set(self, key: str, text: str, ttl: float) -> None:
        """Keep a text, if the store takes it."""
        self._try(self._store.set, key, text, ttl)

    def delete(self, key: str) -> None:
        """Forget a key, if the store takes it; else its time is what limits it."""
        self._try(self._store.delete, key)

    def _try(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        now, left = self._clock(), surroundings.time_left()
        # A clock that was set back must not make the rest a long one.
        if 0 < self._resting_until - now <= _LONGEST_REST or (
            left is not None and left < self._store.longest
        ):
            return None
        if self._pause:
            self._resting_until = now + self._store.longest
        try:
            answer = self._noted(operation, *arguments)
        except DeadlineExceeded:
            raise
        except Exception as error:  # noqa: BLE001 - a user's store, or redis-py's errors, which are not loaded here
            self._fail(error)
            return None
        self._pause = self._resting_until = 0.0
        return answer

    def _noted(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        if not self._store.longest:
            return operation(*arguments)
        with surroundings.noted(CACHE_CALL):
            return operation(*arguments)

    def _fail(self, error: Exception) -> None:
        if not self._pause:
            # Its type alone: the message may name the address, and what stands in it.
            _log.warning(
                "cache: %r does not answer (%s); values are loaded without it",
                self._store,
                type(error).__name__,
            )
        self._pause = min(max(_REST, self._pause * 2), _LONGEST_REST)
        self._resting_until = self._clock() + self._pause
