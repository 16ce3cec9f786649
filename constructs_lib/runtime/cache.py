"""Cache-aside for what takes long to look up: :func:`cached` and :class:`Cache`.

A value is never older than its limit, counted from the moment at which its load began. It is reloaded a little before, by
whoever draws the lot (the more likely the longer the load takes and the nearer the limit is), so that not all sandboxes load
at once when it runs out; the limit itself is jittered downwards for the same reason. In one sandbox a key is loaded by one
caller at a time, and the others wait for what it brings.

The cache may fail, the request may not: what a store raises is logged once and the value is loaded; the store then rests, so
that not every request pays for its timeout. With less time left than an operation can take, none is begun.

Values are kept as JSON, never pickled, and what a load gives passes through JSON too, so that the first caller gets what the
second will. ``encode`` and ``decode`` are the place for what JSON has not.

Example:
    >>> @cached("stadium:{number}", ttl=60)
    ... def stadium(number):
    ...     print("asking the database")
    ...     return {"number": number, "seats": 42_000}
    >>> stadium(7)["seats"]
    asking the database
    42000
    >>> stadium(7)["seats"]
    42000
"""

from __future__ import annotations

import json
import logging
import os
from functools import wraps
from math import inf
from time import time

from constructs_lib.errors import DeadlineExceeded, RefusedError
from constructs_lib.runtime import surroundings
from constructs_lib.runtime.cache_entries import Entry
from constructs_lib.runtime.cache_keys import key_maker
from constructs_lib.runtime.flights import Flight, Flights
from constructs_lib.runtime.guarded_store import GuardedStore
from constructs_lib.runtime.stores import MemoryStore, RedisStore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, ParamSpec, TypeVar

    from constructs_lib.runtime.stores import Store

    P = ParamSpec("P")
    T = TypeVar("T")

URL_VARIABLE = "CACHE_URL"
"""Environment variable with the URL of the Redis or Valkey that :func:`cached` keeps its values in."""

_JITTER = 0.1  # of the ttl
_SAID_MAX = 100
_COROUTINE = 0x80  # inspect.CO_COROUTINE; inspect takes 8 ms to load
_log = logging.getLogger(__name__)


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


class Cache:
    """A cache over a store; threads and tasks may share it.

    Args:
        store: where entries are kept; a :class:`MemoryStore` if nothing is given.
        namespace: whose keys these are in a store that others use too; the function's name if nothing is given.
        version: version of what the values look like: with a new one, entries of the old are not found.
        encode: makes text of a value.
        decode: makes the value of the text again.
        clock: gives the time in seconds since 1970; for tests.
        chance: gives a number, 0 <= number < 1; for tests.

    Example:
        >>> cache = Cache(namespace="shop", version=2)
        >>> cache.get_or_load("stadium:7", 60, lambda: {"seats": 42_000})
        {'seats': 42000}
    """

    def __init__(
        self,
        store: Store | None = None,
        *,
        namespace: str | None = None,
        version: int | str = 1,
        encode: Callable[[Any], str] = _compact,
        decode: Callable[[str], Any] = json.loads,
        clock: Callable[[], float] = time,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self._store = GuardedStore(MemoryStore() if store is None else store, clock)
        own = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local") if namespace is None else namespace
        self._prefix = f"{own}:{version}:"
        self._encode, self._decode, self._clock = encode, decode, clock
        self._chance = chance or surroundings.chance
        self._flights = Flights()

    def __repr__(self) -> str:
        return f"<Cache {self._prefix}* in {self._store!r}>"

    def get_or_load(self, key: str, ttl: float, load: Callable[[], T], *, negative_ttl: float = 0) -> T:
        """Give what is kept under a key, or load it and keep it.

        Args:
            key: which value, within the namespace.
            ttl: seconds that the value may be used, from the moment at which its load begins, > 0.
            load: fetches the value; None says that there is none.
            negative_ttl: seconds for which None is kept; 0 asks again each time.

        Raises:
            RefusedError: a ttl that is no time, or a load that asks for its own key.
            DeadlineExceeded: the invocation's deadline passed while another caller loaded the value.
            Exception: what the load raised; nothing is kept then.
        """
        request = _Request(self._prefix + key, ttl, negative_ttl)
        kept = self._kept(request)
        if kept is not None and not self._is_to_be_renewed(request, kept):
            return kept.value  # type: ignore[no-any-return]

        def fetch(flight: Flight) -> Entry:
            began = self._clock()
            return self._keep(request, flight, began, load())

        try:
            return self._opened(self._flights.join(request.key, fetch))  # type: ignore[no-any-return]
        except Exception as error:  # noqa: BLE001 - whatever a load raises
            return self._instead(request, kept, error)  # type: ignore[no-any-return]

    async def get_or_load_async(
        self, key: str, ttl: float, load: Callable[[], Awaitable[T]], *, negative_ttl: float = 0
    ) -> T:
        """Do the same with a load that is awaited. The store is not: it holds up the event loop for its waits at most."""
        request = _Request(self._prefix + key, ttl, negative_ttl)
        kept = self._kept(request)
        if kept is not None and not self._is_to_be_renewed(request, kept):
            return kept.value  # type: ignore[no-any-return]

        async def fetch(flight: Flight) -> Entry:
            began = self._clock()
            return self._keep(request, flight, began, await load())

        try:
            return self._opened(await self._flights.join_async(request.key, fetch))  # type: ignore[no-any-return]
        except Exception as error:  # noqa: BLE001 - whatever a load raises
            return self._instead(request, kept, error)  # type: ignore[no-any-return]

    def cached(
        self, key: str | Callable[..., str], ttl: float, *, negative_ttl: float = 0
    ) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Decorate a function or coroutine function; :func:`cached` says how."""
        _Request("", ttl, negative_ttl)

        def decorate(function: Callable[P, T]) -> Callable[P, T]:
            key_of = key_maker(key, function)

            @wraps(function)
            def call(*arguments: P.args, **named: P.kwargs) -> T:
                place = key_of(*arguments, **named)
                return self.get_or_load(
                    place, ttl, lambda: function(*arguments, **named), negative_ttl=negative_ttl
                )

            @wraps(function)
            async def call_async(*arguments: Any, **named: Any) -> Any:
                place = key_of(*arguments, **named)
                awaited: Callable[..., Awaitable[Any]] = function  # type: ignore[assignment]
                return await self.get_or_load_async(
                    place, ttl, lambda: awaited(*arguments, **named), negative_ttl=negative_ttl
                )

            code = getattr(function, "__code__", None)
            is_coroutine = code is not None and code.co_flags & _COROUTINE
            return call_async if is_coroutine else call  # type: ignore[return-value]

        return decorate

    def drop(self, key: str) -> None:
        """Forget a value, e.g. after writing a new one; what is being loaded meanwhile is not kept either."""
        self._flights.drop(self._prefix + key)
        self._store.delete(self._prefix + key)

    def _kept(self, request: _Request) -> Entry | None:
        """Give the entry of a key, decoded, if it may still be used."""
        text = self._store.get(request.key)
        entry = None if text is None else Entry.parse(text)
        if entry is None or entry.text is None or not entry.is_usable(self._clock(), request.longest):
            return None
        try:
            entry.value = self._decode(entry.text)
        except Exception:  # noqa: BLE001 - a user's codec; what it cannot read is as good as not there
            return None
        return entry if entry.is_usable(self._clock(), request.limit_of(entry.value)) else None

    def _is_to_be_renewed(self, request: _Request, entry: Entry) -> bool:
        return entry.is_due(self._clock(), self._chance()) and not self._flights.is_under_way(request.key)

    def _keep(self, request: _Request, flight: Flight, began: float, value: object) -> Entry:
        """Keep what a load gave; if that cannot be, it is good for those who wait for it."""
        now = self._clock()
        ttl = request.limit_of(value) * (1 - _JITTER * self._chance())
        try:
            entry = Entry(value, self._encode(value), began, ttl, max(0.0, now - began))
        except Exception as error:  # noqa: BLE001 - a user's codec, or a value that JSON does not have
            _say_once(
                f"{request.key} cannot be kept: {type(error).__name__} from encode; fix: pass encode and decode"
            )
            return Entry(value, None, began, 0, 0)
        left = began + ttl - now
        if left > 0 and not flight.dropped:
            self._store.set(request.key, entry.to_text(), left)
        return entry

    def _opened(self, entry: Entry) -> Any:
        """Give each caller a value of its own, as it will be given from the store too."""
        if entry.text is None:
            return entry.value
        try:
            return self._decode(entry.text)
        except Exception as error:  # noqa: BLE001 - a user's codec
            _say_once(
                f"a value cannot be used: {type(error).__name__} from decode; fix: let it read what encode writes"
            )
            return entry.value

    def _instead(self, request: _Request, kept: Entry | None, error: Exception) -> Any:
        """Give the value whose renewal failed, while it may still be used; else raise what failed."""
        usable = kept is not None and kept.is_usable(self._clock(), request.limit_of(kept.value))
        if kept is None or not usable or isinstance(error, DeadlineExceeded):
            raise error
        _say_once(
            f"{request.key} could not be renewed: {type(error).__name__}; the value that is kept still holds"
        )
        return kept.value


class _Request:
    """Which value is wanted, and how old it may be."""

    __slots__ = ("_negative_ttl", "_ttl", "key")

    def __init__(self, key: str, ttl: float, negative_ttl: float) -> None:
        if not 0 < ttl < inf or not 0 <= negative_ttl < inf:
            raise RefusedError(
                "cache",
                got=f"ttl={ttl}, negative_ttl={negative_ttl}",
                allowed="seconds, ttl > 0",
                fix="give a ttl",
            )
        self.key, self._ttl, self._negative_ttl = key, ttl, negative_ttl

    @property
    def longest(self) -> float:
        return max(self._ttl, self._negative_ttl)

    def limit_of(self, value: object) -> float:
        return self._negative_ttl if value is None else self._ttl


_said: set[str] = set()


def _say_once(text: str) -> None:
    if len(_said) < _SAID_MAX and text not in _said:
        _said.add(text)
        _log.warning("cache: %s", text)


_default: Cache | None = None


def default_cache() -> Cache:
    """Give the cache behind :func:`cached`: in Redis or Valkey where ``CACHE_URL`` names one, else in memory."""
    global _default  # noqa: PLW0603 - made when it is first needed: the environment may be set until then
    if _default is None:
        url = os.environ.get(URL_VARIABLE)
        _default = Cache(RedisStore(url) if url else None)
    return _default


def cached(
    key: str | Callable[..., str], ttl: float, *, negative_ttl: float = 0, cache: Cache | None = None
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep what a function, or a coroutine function, returns.

    Args:
        key: under which key: a text with every argument of the function in braces, ``"stadium:{number}"``, or a function of
            the same arguments. A text that leaves an argument out is refused: calls that differ in it would get each
            other's values.
        ttl: seconds that a value may be used, from the moment at which its load begins, > 0.
        negative_ttl: seconds for which a result of None is kept; 0 asks again each time.
        cache: which cache; :func:`default_cache` if nothing is given.

    Raises:
        RefusedError: a key that leaves an argument out, or a ttl that is no time.
    """
    return (cache or default_cache()).cached(key, ttl, negative_ttl=negative_ttl)
