"""Where :mod:`constructs_lib.runtime.cache` keeps its entries: in the sandbox's memory, or in Redis or Valkey.

A store holds text under keys. Any object with the three methods and the attribute of :class:`Store` is one; what it raises is
taken for an outage and never reaches the request.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from time import time

from constructs_lib.errors import RefusedError
from constructs_lib.runtime.budget import Budget
from constructs_lib.runtime.clients import Waits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Store(Protocol):
        """Keeps text under keys."""

        longest: float
        """Seconds that one operation can take; with less than that left of the invocation, none is begun."""

        def get(self, key: str) -> str | None:
            """Give what is kept, if anything."""

        def set(self, key: str, text: str, ttl: float) -> None:
            """Keep a text for so many seconds at most."""

        def delete(self, key: str) -> None:
            """Forget a key."""


CACHE_CALL = "cache"
"""Name of the budget's call whose waits hold for a cache across the network."""

_WAIT = 0.1  # seconds to connect, and to read, where the budget has no such call: a cache that is slower saves nothing
_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss"}


class MemoryStore:
    """Keeps entries in this sandbox, the one unused for longest goes first; threads may share it.

    Args:
        entries: how many are kept at most, >= 1.
        characters: how much text is kept at most, keys included; what is longer than that alone is not kept.
        clock: gives the time in seconds; for tests.

    Raises:
        RefusedError: a bound below 1.

    Example:
        >>> store = MemoryStore(entries=1)
        >>> store.set("a", "1", ttl=60)
        >>> store.set("b", "2", ttl=60)
        >>> store.get("a"), store.get("b")
        (None, '2')
    """

    longest = 0.0

    def __init__(
        self, entries: int = 1_000, characters: int = 10_000_000, *, clock: Callable[[], float] = time
    ) -> None:
        for name, bound in (("entries", entries), ("characters", characters)):
            if bound < 1:
                raise RefusedError(
                    f"MemoryStore: {name}", got=bound, allowed=">= 1", fix="leave it out, or use no cache"
                )
        self._entries, self._characters, self._clock = entries, characters, clock
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<MemoryStore: {len(self._kept)} entries>"

    def get(self, key: str) -> str | None:
        """Give what is kept under the key, unless its time is over."""
        with self._lock:
            expires, text = self._kept.get(key, (0.0, ""))
            if expires <= self._clock():
                self._drop(key)
                return None
            self._kept.move_to_end(key)
            return text

    def set(self, key: str, text: str, ttl: float) -> None:
        """Keep a text for ``ttl`` seconds, and let go of what there is no more room for."""
        with self._lock:
            self._drop(key)
            if len(key) + len(text) > self._characters:
                return
            self._kept[key] = (self._clock() + ttl, text)
            self._held += len(key) + len(text)
            while len(self._kept) > self._entries or self._held > self._characters:
                self._drop(next(iter(self._kept)))

    def delete(self, key: str) -> None:
        """Forget a key."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: str) -> None:
        dropped = self._kept.pop(key, None)
        if dropped is not None:
            self._held -= len(key) + len(dropped[1])


class RedisStore:
    """Keeps entries in Redis or Valkey, through redis-py, which is loaded by the first operation.

    How long it is waited for stands in the budget's call ``"cache"`` (connect, read), else it is 0.1 s each; an operation is
    tried once. A connection is kept from one invocation to the next, and opened again where the server has closed it
    meanwhile.

    ::

        store = RedisStore("rediss://cache.internal:6379", password=lambda: secret("orders/cache"))

    Args:
        url: ``rediss://host:port/0``, or ``valkeys://``: TLS, with the server's certificate and name checked; ``redis://``
            and ``valkey://`` without TLS, which suits a local one. It is never shown.
        username: whom the password is of.
        password: gives the password, for each new connection anew: so it is read within an invocation, and once it was
            rotated the next connection has the new one.
        options: further arguments of ``redis.Redis.from_url``, e.g. ``ssl_ca_certs``.

    Raises:
        RefusedError: another scheme.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str = "default",
        password: Callable[[], str] | None = None,
        **options: Any,
    ) -> None:
        scheme, _, rest = url.partition("://")
        if scheme not in _SCHEMES or not rest:
            allowed = ", ".join(f"{known}://" for known in _SCHEMES)
            raise RefusedError(
                "RedisStore: url", got=f"{scheme!r}", allowed=allowed, fix="e.g. rediss://host:6379/0"
            )
        self._url, self._options = f"{_SCHEMES[scheme]}://{rest}", options
        self._username, self._password = username, password
        budget = Budget.current()
        usual = Waits(CACHE_CALL, connect=_WAIT, read=_WAIT)
        self._waits = usual if budget is None else budget.calls.get(CACHE_CALL, usual)
        # A new connection may also take a TLS handshake, a login, two lines in which redis-py names itself, a database.
        self.longest = 2 * self._waits.connect + 5 * self._waits.read
        self._connected: Any = None

    def __repr__(self) -> str:
        return f"<RedisStore: {self._url.partition('://')[0]}, address hidden>"

    def get(self, key: str) -> str | None:
        """Give what is kept under the key."""
        found: bytes | None = self._client().get(key)
        return None if found is None else found.decode()

    def set(self, key: str, text: str, ttl: float) -> None:
        """Keep a text; the server forgets it after ``ttl`` seconds."""
        self._client().set(key, text.encode(), px=max(1, int(ttl * 1000)))

    def delete(self, key: str) -> None:
        """Forget a key."""
        self._client().delete(key)

    def close(self) -> None:
        """Drop the connections that are kept."""
        if self._connected is not None:
            self._connected.close()

    def _client(self) -> Any:
        if self._connected is None:
            import redis  # noqa: PLC0415 - an eighth of a second to load

            options: dict[str, Any] = {
                "protocol": 2,
                **self._waits.redis_options(),
            }  # 3 takes a round trip more
            if self._url.startswith("rediss"):
                options |= {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
            if self._password is not None:
                options["credential_provider"] = _Login(self._username, self._password)
            self._connected = redis.Redis.from_url(self._url, **{**options, **self._options})
        return self._connected


class _Login:
    """What redis-py asks for a name and a password when it connects."""

    __slots__ = ("_password", "_username")

    def __init__(self, username: str, password: Callable[[], str]) -> None:
        self._username, self._password = username, password

    def get_credentials(self) -> tuple[str, str]:
        return self._username, self._password()
