"""The cache of the extension stand-in."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class ExpiringCache:
    """Keeps up to ``size`` answers, each for its own time; the one unused for longest goes first."""

    def __init__(self, size: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._clock, self._lock = size, clock, threading.Lock()
        self._kept: OrderedDict[Any, tuple[float, bytes]] = OrderedDict()

    def get(self, key: object) -> bytes | None:
        """Return what is kept under the key, unless its time is over."""
        with self._lock:
            expires, value = self._kept.get(key, (0.0, b""))
            if expires <= self._clock():
                self._kept.pop(key, None)
                return None
            self._kept.move_to_end(key)
            return value

    def put(self, key: object, value: bytes, ttl: float) -> None:
        """Keep a value for ``ttl`` seconds; a ttl or size of 0 keeps nothing."""
        if ttl <= 0 or self._size <= 0:
            return
        with self._lock:
            self._kept[key] = (self._clock() + ttl, value)
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
