"""One flight per key: of all that want the same at the same time, one fetches it, and the others wait for what it brings."""

from __future__ import annotations

from threading import Event, Lock, get_ident

from constructs_lib.errors import RefusedError
from constructs_lib.runtime import surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any


class Flight:
    """A fetch that is under way, and what it brought."""

    __slots__ = ("brought", "dropped", "error", "landed", "owner", "value")

    def __init__(self, owner: object, landed: Any) -> None:
        self.owner, self.landed = owner, landed
        self.brought = self.dropped = False
        self.value: Any = None
        self.error: Exception | None = None

    def __repr__(self) -> str:
        return "<Flight>"

    def result(self) -> Any:
        """Give what it brought, or raise what it ended with."""
        if self.error is not None:
            raise self.error
        return self.value


class Flights:
    """The flights of this sandbox."""

    def __init__(self) -> None:
        self._under_way: dict[object, Flight] = {}
        self._lock = Lock()

    def join(self, key: str, fetch: Callable[[Flight], Any]) -> Any:
        """Fetch, or wait for the thread that already does.

        Raises:
            RefusedError: the fetch waits for itself.
            DeadlineExceeded: the deadline passed while waiting.
            Exception: what the fetch raised, in all that waited for it.
        """
        mine = Flight(get_ident(), Event())
        while True:
            try:  # a deadline may strike anywhere, and must leave no flight behind that nobody flies
                with self._lock:
                    flight = self._under_way.get(key, mine)
                    if flight is mine or flight.brought:
                        flight = self._under_way[key] = mine
                if flight is mine:
                    return self._fly(mine, fetch)
            finally:
                self.release(key, mine)
            if flight.owner == mine.owner:
                raise _waits_for_itself(key)
            _wait(flight.landed)
            if flight.brought:  # else it was interrupted: one of those who waited fetches it
                return flight.result()

    async def join_async(self, key: str, fetch: Callable[[Flight], Awaitable[Any]]) -> Any:
        """Do the same among the tasks of an event loop."""
        import asyncio  # noqa: PLC0415 - whoever awaits this has loaded it

        place, me = (id(asyncio.get_running_loop()), key), asyncio.current_task()
        while (flight := self._under_way.get(place)) is not None:
            if flight.owner is me:
                raise _waits_for_itself(key)
            await flight.landed.wait()
            if flight.brought:
                return flight.result()
        flight = self._under_way[place] = Flight(me, asyncio.Event())
        try:
            flight.value, flight.brought = await fetch(flight), True
        except Exception as error:
            flight.error, flight.brought = error, True
            raise
        finally:
            del self._under_way[place]
            flight.landed.set()
        return flight.value

    def is_under_way(self, key: str) -> bool:
        """Tell whether a thread fetches this now."""
        return key in self._under_way

    def drop(self, key: str) -> None:
        """Let nothing be kept of what is on its way under a key."""
        with self._lock:
            for place, flight in self._under_way.items():
                if place == key or (isinstance(place, tuple) and place[1] == key):
                    flight.dropped = True

    @staticmethod
    def _fly(flight: Flight, fetch: Callable[[Flight], Any]) -> Any:
        try:
            flight.value, flight.brought = fetch(flight), True
        except Exception as error:
            flight.error, flight.brought = error, True
            raise
        return flight.value

    def release(self, key: str, flight: Flight) -> None:
        """End a flight, if this is one that is under way."""
        with self._lock:
            if self._under_way.get(key) is flight:
                del self._under_way[key]
                flight.landed.set()


def _wait(landed: Event) -> None:
    while not landed.wait(surroundings.time_left()):
        surroundings.deadline()  # raises when it has passed


def _waits_for_itself(key: str) -> RefusedError:
    return RefusedError(
        "cache",
        got=f"a load of {key!r} that asks for {key!r}",
        allowed="loads of other keys",
        fix="read the source itself",
    )
