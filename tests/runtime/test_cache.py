"""Cache-aside: one load per key, limits that hold, and a cache that may fail without the request."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.errors import DeadlineExceeded, RefusedError
from constructs_lib.runtime import cache as cache_module
from constructs_lib.runtime.cache import Cache, cached
from constructs_lib.runtime.deadline import Deadline
from constructs_lib.runtime.stores import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class BrokenStore:
    """A store that raises, slowly if it is told so, and counts how often it was asked."""

    def __init__(self, longest: float = 0.0) -> None:
        self.longest, self.asked, self.broken = longest, 0, True
        self.inner = MemoryStore()

    def _meet(self) -> None:
        self.asked += 1
        if self.broken:
            raise ConnectionError("redis://:cache-pass@10.0.0.7 is away")

    def get(self, key: str) -> str | None:
        """Raise, or give what is kept."""
        self._meet()
        return self.inner.get(key)

    def set(self, key: str, text: str, ttl: float) -> None:
        """Raise, or keep."""
        self._meet()
        self.inner.set(key, text, ttl)

    def delete(self, key: str) -> None:
        """Raise, or forget."""
        self._meet()
        self.inner.delete(key)


class Source:
    """What is slow to look up: counts its loads, and fails if it is told so."""

    def __init__(self) -> None:
        self.loads = 0
        self.failure: Exception | None = None

    def __call__(self) -> int:
        """Load: gives the number of this load."""
        self.loads += 1
        if self.failure is not None:
            raise self.failure
        return self.loads


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """Forget what was said once, and the default cache."""
    cache_module._said.clear()
    cache_module._default = None
    yield
    cache_module._default = None


def new_cache(clock: Clock | None = None, chance: Callable[[], float] = lambda: 0.0, **named: Any) -> Cache:
    """Make a cache in memory whose lots are drawn by the test: 0 renews nothing early and takes nothing off the ttl."""
    tick = clock or Clock()
    store = named.pop("store", None) or MemoryStore(clock=tick)
    return Cache(store, clock=tick, chance=chance, **named)


class TestLimits:
    """How old a value may be."""

    def test_a_value_is_kept_for_its_ttl(self) -> None:
        """Within the ttl the source is asked once; at its end, again."""
        clock, source = Clock(), Source()
        cache = new_cache(clock)
        seen = []
        for moment in (0.0, 9.9, 10.0, 19.9, 20.0):
            clock.now = 1_000_000.0 + moment
            seen.append(cache.get_or_load("a", 10, source))
        assert seen == [1, 1, 2, 2, 3]

    @given(
        ttl=st.floats(0.5, 100),
        steps=st.lists(st.tuples(st.floats(0, 40), st.floats(0, 5), st.floats(0, 0.999)), max_size=25),
    )
    def test_nothing_stale_past_its_limit(self, ttl: float, steps: list[tuple[float, float, float]]) -> None:
        """Whatever waits, slow loads and lots come, a kept value is younger than its ttl, from the start of its load."""
        clock, lots = Clock(), [0.0]
        cache = new_cache(clock, chance=lambda: lots[0])

        for wait, load_time, lot in steps:
            clock.now += wait
            lots[0] = lot
            asked = clock.now

            def load(began: float = asked, load_time: float = load_time) -> float:
                clock.now += load_time
                return began

            began = cache.get_or_load("a", ttl, load)
            assert asked - began < ttl

    def test_a_store_that_forgets_too_late(self) -> None:
        """A value past its limit is not used even where the store still has it and the load fails."""
        clock, source = Clock(), Source()
        cache = new_cache(clock, store=MemoryStore(clock=Clock()))
        cache.get_or_load("a", 10, source)
        clock.now += 10.5
        source.failure = ConnectionError("the database is away")
        with pytest.raises(ConnectionError):
            cache.get_or_load("a", 10, source)

    @given(st.lists(st.floats(-50, 50), max_size=20))
    def test_a_clock_that_is_set(self, steps: list[float]) -> None:
        """A clock that jumps, back too, makes no value last longer than a second past its ttl by that clock."""
        clock = Clock()
        cache = new_cache(clock)
        for step in steps:
            clock.now += step
            began = cache.get_or_load("a", 10, clock)
            assert -1.001 <= clock.now - began < 10

    def test_the_asker_may_want_it_younger(self) -> None:
        """A smaller ttl of a new version of the code holds for what the old version kept, too."""
        clock, source = Clock(), Source()
        cache = new_cache(clock)
        cache.get_or_load("a", 100, source)
        clock.now += 20
        assert cache.get_or_load("a", 10, source) == 2

    def test_jitter_only_shortens(self) -> None:
        """The largest lot takes a tenth off the ttl, and none adds to it."""
        clock, source = Clock(), Source()
        cache = new_cache(clock, chance=lambda: 0.999_999)
        cache.get_or_load("a", 100, source)
        clock.now += 89
        assert cache.get_or_load("a", 100, source) == 1
        clock.now += 1.5
        assert cache.get_or_load("a", 100, source) == 2

    def test_renewed_a_little_before(self) -> None:
        """A load that took 1 s is drawn early near the limit, by a high lot and not by a low one."""
        clock, lots, source = Clock(), [0.0], Source()
        cache = new_cache(clock, chance=lambda: lots[0])

        def load() -> int:
            clock.now += 1
            return source()

        cache.get_or_load("a", 100, load)
        clock.now += 97
        assert cache.get_or_load("a", 100, load) == 1
        lots[0] = 0.95  # the load's second is stretched to three
        assert cache.get_or_load("a", 100, load) == 2

    def test_a_renewal_that_fails_is_no_failure(self, caplog: pytest.LogCaptureFixture) -> None:
        """While the kept value still holds, it is given, and the failure is logged once; after that it is raised."""
        clock, lots, source = Clock(), [0.0], Source()
        cache = new_cache(clock, chance=lambda: lots[0])

        def load() -> int:
            clock.now += 1
            return source()

        cache.get_or_load("a", 100, load)
        clock.now += 96
        source.failure, lots[0] = RuntimeError("away"), 0.99
        assert [cache.get_or_load("a", 100, load) for _ in range(2)] == [1, 1]
        assert caplog.text.count("could not be renewed: RuntimeError") == 1
        clock.now += 10
        with pytest.raises(RuntimeError, match="away"):
            cache.get_or_load("a", 100, load)

    @pytest.mark.parametrize(
        ("ttl", "negative"), [(0, 0), (-1, 0), (float("inf"), 0), (float("nan"), 0), (1, -1)]
    )
    def test_a_ttl_that_is_no_time(self, ttl: float, negative: float) -> None:
        """A ttl of nothing, for ever or of no number is refused, when a function is decorated already."""
        with pytest.raises(RefusedError, match="allowed: seconds, ttl > 0"):
            new_cache().get_or_load("a", ttl, Source(), negative_ttl=negative)
        with pytest.raises(RefusedError):
            new_cache().cached("a", ttl, negative_ttl=negative)


class TestNothingThere:
    """None is an answer, too."""

    def test_none_is_asked_for_again_by_default(self) -> None:
        """Without a negative ttl, each call asks whether there is something now."""
        cache, answers = new_cache(), [None, "found"]
        assert [cache.get_or_load("a", 10, lambda: answers.pop(0)) for _ in range(3)] == [
            None,
            "found",
            "found",
        ]

    def test_none_is_kept_for_its_own_time(self) -> None:
        """With one, None is kept for so long, and found for its ttl."""
        clock, loads = Clock(), []
        cache = new_cache(clock)
        for moment in (0, 4, 5):
            clock.now = 1_000_000.0 + moment
            cache.get_or_load("a", 60, lambda: loads.append(1), negative_ttl=5)
        assert len(loads) == 2

    def test_a_kept_none_is_not_for_those_who_keep_none(self) -> None:
        """Who does not want None kept does not get one that another kept."""
        cache = new_cache()
        cache.get_or_load("a", 60, lambda: None, negative_ttl=50)
        assert cache.get_or_load("a", 60, lambda: "found") == "found"

    def test_failures_are_not_kept(self) -> None:
        """What a load raises is raised, and the next call asks again."""
        cache, source = new_cache(), Source()
        source.failure = KeyError("a")
        with pytest.raises(KeyError):
            cache.get_or_load("a", 60, source)
        source.failure = None
        assert cache.get_or_load("a", 60, source) == 2


class TestStampede:
    """Many want the same at the same time."""

    @given(
        plan=st.lists(
            st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.booleans()), min_size=2, max_size=24
        )
    )
    def test_one_load_per_key(self, plan: list[tuple[str, int, bool]]) -> None:
        """Whatever threads ask for whatever keys, with loads that fail among them, no key is loaded twice at once."""
        running: dict[str, int] = dict.fromkeys("abc", 0)
        worst, lock = [0], threading.Lock()
        cache = Cache(MemoryStore())

        def ask(step: tuple[str, int, bool]) -> None:
            key, pause, fails = step

            def load() -> str:
                with lock:
                    running[key] += 1
                    worst[0] = max(worst[0], running[key])
                time.sleep(pause / 2_000)
                with lock:
                    running[key] -= 1
                if fails:
                    raise LookupError(key)
                return key

            with contextlib.suppress(LookupError):
                # A ttl of a millisecond runs out within the test, so that loads repeat.
                assert cache.get_or_load(key, 0.001, load) == key

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, plan))
        assert worst[0] == 1

    def test_who_waits_gets_what_comes(self) -> None:
        """Twenty threads ask at once: one load, one value, and each has a copy of its own."""
        cache, loads, gate = Cache(), [], threading.Barrier(20)

        def load() -> dict[str, int]:
            loads.append(1)
            time.sleep(0.1)
            return {"seats": 1}

        def ask(_: int) -> dict[str, int]:
            gate.wait()
            return cache.get_or_load("a", 60, load)

        with ThreadPoolExecutor(20) as pool:
            values = list(pool.map(ask, range(20)))
        assert (len(loads), len({id(value) for value in values})) == (1, 20)

    def test_a_failed_load_fails_all_who_waited(self) -> None:
        """They do not each try in turn: the source is down, and their time is short."""
        cache, loads, entered = Cache(), [], threading.Semaphore(0)

        def load() -> int:
            loads.append(1)
            for _ in range(8):
                entered.acquire(timeout=5)
            time.sleep(0.1)  # the last of them is about to wait
            raise ConnectionError("down")

        def ask(_: int) -> str:
            entered.release()
            try:
                return str(cache.get_or_load("a", 60, load))
            except ConnectionError as error:
                return str(error)

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(ask, range(8))) == ["down"] * 8
        assert len(loads) == 1

    def test_an_interrupted_load_is_taken_over(self) -> None:
        """A load that its deadline ended, as a guard does it, is no answer for the others: one of them loads."""
        cache, begun, waits = Cache(), threading.Event(), threading.Event()
        values: list[int] = []

        def ask_too() -> None:
            begun.wait()
            waits.set()
            values.append(cache.get_or_load("a", 60, lambda: 2))

        def interrupted() -> int:
            begun.set()
            waits.wait()
            time.sleep(0.05)
            raise KeyboardInterrupt

        other = threading.Thread(target=ask_too)
        other.start()
        with pytest.raises(KeyboardInterrupt):
            cache.get_or_load("a", 60, interrupted)
        other.join(5)
        assert values == [2]

    def test_waiting_ends_at_the_deadline(self) -> None:
        """Who waits for another thread's load waits no longer than its own invocation lasts."""
        cache, done = Cache(), threading.Event()
        slow = threading.Thread(target=lambda: cache.get_or_load("a", 60, lambda: done.wait(5)))
        slow.start()
        outcome: list[str] = []

        def ask() -> None:
            with Deadline(0.1).guard():
                try:
                    cache.get_or_load("a", 60, lambda: 1)
                except DeadlineExceeded:
                    outcome.append("deadline")

        waiting = threading.Thread(target=ask)
        began = time.monotonic()
        waiting.start()
        waiting.join()
        assert (outcome, time.monotonic() - began < 2) == (["deadline"], True)
        done.set()
        slow.join()

    def test_a_load_that_asks_for_itself(self) -> None:
        """A load that wants its own key would wait for ever; it is told so."""
        cache = new_cache()

        def load() -> int:
            return cache.get_or_load("a", 60, load)

        with pytest.raises(RefusedError, match="a load of 'local:1:a' that asks for 'local:1:a'"):
            cache.get_or_load("a", 60, load)
        assert cache.get_or_load("a", 60, lambda: cache.get_or_load("b", 60, lambda: 1)) == 1

    def test_dropped_while_it_loads(self) -> None:
        """A value that was loaded before a write, and is dropped by it, is not kept."""
        cache = new_cache()

        def load() -> str:
            cache.drop("a")
            return "old"

        assert cache.get_or_load("a", 60, load) == "old"
        assert cache.get_or_load("a", 60, lambda: "new") == "new"
        cache.drop("a")
        assert cache.get_or_load("a", 60, lambda: "newer") == "newer"


class TestTasks:
    """The same among the tasks of an event loop."""

    def test_tasks_share_a_load(self) -> None:
        """Ten tasks that ask at once: one load; a cancelled one is taken over."""
        cache, loads = Cache(), []

        @cache.cached("seats:{number}", 60)
        async def seats(number: int) -> int:
            loads.append(number)
            await asyncio.sleep(0.05)
            return len(loads)

        async def main() -> tuple[list[int], int]:
            together = await asyncio.gather(*(seats(1) for _ in range(10)))
            first = asyncio.create_task(seats(2))
            await asyncio.sleep(0.01)
            second = asyncio.create_task(seats(2))
            await asyncio.sleep(0.01)
            first.cancel()
            return together, await second

        assert asyncio.run(main()) == ([1] * 10, 3)
        assert loads == [1, 2, 2]

    def test_a_failed_load_fails_all_tasks(self) -> None:
        """What a load raises reaches all who waited, and nothing is left behind."""
        cache = Cache()

        async def load() -> int:
            await asyncio.sleep(0.01)
            raise ConnectionError("down")

        async def main() -> list[object]:
            return await asyncio.gather(
                *(cache.get_or_load_async("a", 60, load) for _ in range(5)), return_exceptions=True
            )

        assert [str(error) for error in asyncio.run(main())] == ["down"] * 5
        assert cache._flights._under_way == {}

    def test_a_task_that_asks_for_itself(self) -> None:
        """It is told so, and does not wait for ever."""
        cache = Cache()

        async def load() -> int:
            return await cache.get_or_load_async("a", 60, load)

        with pytest.raises(RefusedError, match="asks for"):
            asyncio.run(cache.get_or_load_async("a", 60, load))


class TestOutages:
    """The cache may fail, the request may not."""

    def test_a_store_that_raises(self, caplog: pytest.LogCaptureFixture) -> None:
        """The value is loaded; the outage is logged once, without what the error said."""
        store, clock, source = BrokenStore(), Clock(), Source()
        cache = new_cache(clock, store=store)
        assert [cache.get_or_load("a", 60, source) for _ in range(5)] == [1, 2, 3, 4, 5]
        assert caplog.text.count("does not answer (ConnectionError)") == 1
        assert "cache-pass" not in caplog.text

    def test_it_rests_between_tries(self) -> None:
        """After a failure nobody pays for the next try until the rest is over, and each rest is longer."""
        store, clock, source = BrokenStore(), Clock(), Source()
        cache = new_cache(clock, store=store)
        for _ in range(1_000):  # 100 s
            cache.get_or_load("a", 60, source)
            clock.now += 0.1
        assert store.asked <= 8  # 1 + 2 + 4 + 8 + 16 + 32 + 60 s

    def test_it_comes_back(self) -> None:
        """Once it answers again, it is used again."""
        store, clock, source = BrokenStore(), Clock(), Source()
        cache = new_cache(clock, store=store)
        cache.get_or_load("a", 60, source)
        store.broken = False
        clock.now += 1.5
        assert [cache.get_or_load("a", 60, source) for _ in range(3)] == [2, 2, 2]

    def test_a_clock_set_back_is_no_long_rest(self) -> None:
        """A rest that a clock would stretch to an hour is none."""
        store, clock, source = BrokenStore(), Clock(), Source()
        cache = new_cache(clock, store=store)
        cache.get_or_load("a", 60, source)
        store.broken = False
        clock.now -= 3_600
        cache.get_or_load("a", 60, source)
        assert cache.get_or_load("a", 60, source) == 2

    def test_no_operation_without_time_for_it(self) -> None:
        """With less left than an operation can take, the store is passed by."""
        store, source = BrokenStore(longest=0.5), Source()
        store.broken = False
        cache = new_cache(store=store)
        with Deadline(0.3).guard():
            assert cache.get_or_load("a", 60, source) == 1
        assert store.asked == 0
        with Deadline(30).guard():
            assert cache.get_or_load("a", 60, source) == 2
        assert store.asked == 2

    @pytest.mark.parametrize(
        "text", ["", "noise", "nan nan nan\n1", "1 2\n3", "1000000 10 0\n{broken", "1e999 1 1\n1"]
    )
    def test_what_another_wrote(self, text: str) -> None:
        """An entry that is none of ours, or broken, is as good as not there."""
        store, source = MemoryStore(clock=Clock()), Source()
        store.set("local:1:a", text, 60)
        cache = new_cache(store=store)
        assert [cache.get_or_load("a", 60, source) for _ in range(2)] == [1, 1]


class TestValues:
    """What is kept, and under which key."""

    def test_the_first_caller_gets_what_the_second_gets(self) -> None:
        """A tuple is a list from the start, not from the second call on."""
        cache = new_cache()
        values: list[object] = [cache.get_or_load("a", 60, lambda: (1, 2)) for _ in range(2)]
        assert values == [[1, 2], [1, 2]]

    def test_what_json_has_not(self, caplog: pytest.LogCaptureFixture) -> None:
        """A value that cannot be kept is given all the same, each time anew, and that is said once, without the value."""
        cache, loads = new_cache(), []

        def load() -> Decimal:
            loads.append(1)
            return Decimal("4711.5")

        assert [cache.get_or_load("a", 60, load) for _ in range(3)] == [Decimal("4711.5")] * 3
        assert (len(loads), caplog.text.count("cannot be kept: TypeError")) == (3, 1)
        assert "4711" not in caplog.text

    def test_a_codec_of_ones_own(self) -> None:
        """With encode and decode, anything can be kept."""
        cache = new_cache(encode=str, decode=Decimal)
        source = iter([Decimal("1.5"), Decimal("2.5")])
        assert [cache.get_or_load("a", 60, lambda: next(source)) for _ in range(2)] == [Decimal("1.5")] * 2

    def test_namespaces_and_versions(self) -> None:
        """Two functions, or two versions of what a value looks like, never see each other's entries."""
        clock = Clock()
        store, source = MemoryStore(clock=clock), Source()
        caches = [
            new_cache(clock, store=store, namespace=name, version=version)
            for name, version in (("orders", 1), ("orders", 2), ("mails", 1))
        ]
        assert [cache.get_or_load("a", 60, source) for cache in caches * 2] == [1, 2, 3, 1, 2, 3]

    def test_a_cache_shows_no_value(self) -> None:
        """Representations name keys and sizes alone."""
        cache = new_cache(namespace="orders")
        cache.get_or_load("a", 60, lambda: "s3cret")
        assert repr(cache) == "<Cache orders:1:* in <MemoryStore: 1 entries>>"


class TestDecorator:
    """Keys from arguments."""

    def test_arguments_make_the_key(self) -> None:
        """Positional, named and default arguments of one meaning are one key."""
        cache, calls = new_cache(), []

        @cache.cached("seats:{stadium}:{block}:{tier}", 60)
        def seats(stadium: str, block: str = "A", *, tier: int = 1) -> int:
            calls.append((stadium, block, tier))
            return len(calls)

        same = [seats("W"), seats("W", "A"), seats(block="A", stadium="W"), seats("W", tier=1)]
        assert same == [1] * 4
        assert (seats("W", tier=2), seats("W", "B")) == (2, 3)
        assert seats.__name__ == "seats"

    @given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), unique=True, max_size=10))
    def test_no_two_calls_share_a_key(self, pairs: list[tuple[str, str]]) -> None:
        """Whatever colons and percent signs are in them, two pairs of texts are two keys."""
        store = MemoryStore()

        @Cache(store).cached("{a}:{b}", 60)
        def both(a: str, b: str) -> list[str]:
            return [a, b]

        assert [both(*pair) for pair in pairs * 2] == [list(pair) for pair in pairs * 2]

    def test_a_key_of_ones_own(self) -> None:
        """A function of the same arguments may give the key, and leave some out on purpose."""

        @new_cache().cached(lambda connection, number: f"seats:{number}", 60)  # noqa: ARG005
        def seats(connection: object, number: int) -> int:
            return id(connection) * 0 + number

        assert (seats(object(), 7), seats(object(), number=7)) == (7, 7)

    def test_keys_that_leave_something_out(self) -> None:
        """Calls that differ in an argument would get each other's values: refused when it is decorated."""

        def seats(stadium: str, block: str) -> None: ...
        def many(*stadiums: str) -> None: ...

        for key, function in (
            ("a:{stadium}", seats),
            ("a:{stadium}:{block}:{tier}", seats),
            ("a:{}", seats),
            ("a", many),
        ):
            with pytest.raises(RefusedError, match="allowed: a text with every argument in it"):
                new_cache().cached(key, 60)(function)
        with pytest.raises(RefusedError, match=r"key of seats: got 'x'; allowed: .*\{stadium\}, \{block\}"):
            new_cache().cached("x", 60)(seats)

    def test_arguments_without_one_spelling(self) -> None:
        """An object as an argument has no key that another sandbox would find."""

        @new_cache().cached("seats:{where}", 60)
        def seats(where: object) -> str:
            return str(where)

        with pytest.raises(RefusedError, match="cached: argument where: got object"):
            seats(object())

    def test_the_default_cache(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """``cached`` alone keeps in memory, or where CACHE_URL says, and shows no address."""
        calls = []

        @cached("seats:{number}", ttl=60)
        def seats(number: int) -> int:
            calls.append(number)
            return number

        assert (seats(7), seats(7), calls) == (7, 7, [7])
        monkeypatch.setenv("CACHE_URL", "rediss://:cache-pass@cache.internal:6379")
        cache_module._default = None
        assert "cache-pass" not in repr(cache_module.default_cache())
        assert "internal" not in repr(cache_module.default_cache())


class TestMemory:
    """The store in the sandbox's memory."""

    @given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 30)), max_size=60))
    def test_it_never_holds_more_than_it_may(self, steps: list[tuple[str, int]]) -> None:
        """Neither entries nor characters exceed their bounds, and what it counts is what it has."""
        store = MemoryStore(entries=3, characters=40)
        for key, length in steps:
            store.set(key, "x" * length, 60)
            held = sum(len(kept) + len(text) for kept, (_, text) in store._kept.items())
            assert (store._held, len(store._kept) <= 3, held <= 40) == (held, True, True)

    def test_bounds_below_one(self) -> None:
        """A store that could keep nothing is refused."""
        with pytest.raises(RefusedError, match=r"MemoryStore: entries: got 0; allowed: >= 1"):
            MemoryStore(entries=0)


def test_values_never_reach_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """At the most talkative level, keys may be named, values never."""
    caplog.set_level(logging.DEBUG)
    cache = new_cache(decode=lambda text: json.loads(text)["none"])
    for _ in range(2):
        cache.get_or_load("a", 60, lambda: {"password": "s3cret"})
    assert "from decode" in caplog.text
    assert "s3cret" not in caplog.text
