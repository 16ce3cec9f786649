"""What the runtime library and its habits are worth in a whole handler: the stadiums', against the same written naively.

Both run under the real ``awslambdaric``, each variant in a sandbox of its own, on the same PostgreSQL and Redis or Valkey, the same
Parameter Store and extension; they take turns, so that whatever else the machine does weighs on all alike. Measured is what
Lambda calls the duration: from the event to the reply, in the sandbox. Every reply is compared: all variants give the same.
"""

from __future__ import annotations

import json
import random
import statistics
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from bench.figures import Figure
from bench.stadiums_services import services
from tests.runtime.runtime_api import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS, EACH, COLD = 15, 25, 7
BAR = 95.0  # per cent of the warm median
COUNTRIES = ("AR", "BR", "DE", "ES", "FR", "GB", "IT", "JP", "MX", "PT", "TR", "US")

HANDLER = """
import time
from {module} import handler as measured
def handler(event, context):
    began = time.perf_counter()
    reply = measured(event, context)
    return dict(milliseconds=(time.perf_counter() - began) * 1000, status=reply["statusCode"], body=reply["body"])
"""
HARDENED = HANDLER.format(module="lambda_src.stadiums.read_stadiums")
NAIVE = HANDLER.format(module="bench.stadiums_naive")
STEP = HANDLER.format(module="bench.stadiums_steps")
NOWHERE = {"CACHE_URL": "rediss://localhost:1/0"}
VARIANTS: dict[str, tuple[str, dict[str, str]]] = {
    "naive": (NAIVE, {}),
    "the hardened handler": (HARDENED, {}),
    "the hardened handler, its cache down": (HARDENED, NOWHERE),
    "the naive one, its values from the extension": (STEP, {"STEP": "extension"}),
    "the naive one, its connection kept": (STEP, {"STEP": "connection"}),
    "the naive one, SQL in its ORM's place": (STEP, {"STEP": "sql"}),
    "the naive one, its query cached": (STEP, {"STEP": "cache"}),
}


def figures() -> Iterator[Figure]:
    """Measure warm sandboxes in turns, then cold starts."""
    with services() as environment:
        took = _warm(environment)
        naive = took.pop("naive")
        for name, ours in took.items():
            saved = 100 * (1 - statistics.median(ours) / statistics.median(naive))
            bar = name == "the hardened handler"
            yield Figure(
                f"warm median, {name}",
                f"{statistics.median(ours):.2f} ms",
                f"{statistics.median(naive):.1f} ms",
                f"{saved:.1f} % lower",
                f">= {BAR:g} % lower" if bar else "",
                saved >= BAR if bar else None,
            )
        yield _compared(
            "warm 99th percentile, the hardened handler",
            _percentile(took["the hardened handler"]),
            _percentile(naive),
        )
        yield from _cold(environment)


def _warm(environment: dict[str, str]) -> dict[str, list[float]]:
    """Give the milliseconds of each variant's invocations."""
    took: dict[str, list[float]] = {name: [] for name in VARIANTS}
    chance = random.Random(7)  # noqa: S311 - the same countries every time
    with ExitStack() as stack:
        sandboxes = {
            name: stack.enter_context(_sandbox(source, environment | further))
            for name, (source, further) in VARIANTS.items()
        }
        bodies = {country: _invoke(sandboxes["naive"], country)["body"] for country in COUNTRIES}
        for sandbox in sandboxes.values():
            for country in COUNTRIES:
                _invoke(sandbox, country)
        for _ in range(ROUNDS):
            asked = chance.choices(COUNTRIES, k=EACH)
            for name, sandbox in sandboxes.items():
                for country in asked:
                    reply = _invoke(sandbox, country)
                    assert json.loads(reply["body"]) == json.loads(bodies[country]), name
                    took[name].append(reply["milliseconds"])
    return took


def _cold(environment: dict[str, str]) -> Iterator[Figure]:
    """Measure from the spawn of a sandbox to its first reply."""
    variants = {
        "naive": (NAIVE, environment),
        "the hardened handler, found in the cache": (HARDENED, environment),
        "the hardened handler, its cache down": (HARDENED, environment | NOWHERE),
    }
    took: dict[str, list[tuple[float, float]]] = {name: [] for name in variants}
    for _ in range(COLD):
        for name, (source, its) in variants.items():
            with _sandbox(source, its) as sandbox:
                reply = sandbox.invoke(_event("ES"))
                assert reply.init_seconds is not None
                took[name].append((reply.init_seconds * 1000, reply.seconds * 1000))
    naive = took.pop("naive")
    for name, ours in took.items():
        yield _compared(
            f"cold, spawn to reply: {name}", *(statistics.median(map(sum, each)) for each in (ours, naive))
        )
    inits = (
        statistics.median(init for init, _ in each)
        for each in (took["the hardened handler, found in the cache"], naive)
    )
    yield _compared("cold, init alone: the hardened handler", *inits)


def _compared(what: str, ours: float, naive: float) -> Figure:
    return Figure(
        what, f"{ours:.1f} ms", f"{naive:.1f} ms", f"{100 * (1 - ours / naive):.1f} % lower", "", None
    )


def _percentile(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98]


def _sandbox(source: str, environment: dict[str, str]) -> Sandbox:
    return Sandbox(source=source, timeout=20, environment=environment)


def _invoke(sandbox: Sandbox, country: str) -> dict[str, Any]:
    reply = sandbox.invoke(_event(country))
    assert reply.outcome == "response", reply.logs
    payload: dict[str, Any] = reply.payload
    assert payload["status"] == 200, reply.logs  # noqa: PLR2004 - HTTP's
    return payload


def _event(country: str) -> dict[str, Any]:
    http = {"method": "GET"}
    return {"version": "2.0", "requestContext": {"http": http}, "queryStringParameters": {"country": country}}


if __name__ == "__main__":
    for figure in figures():
        print(figure)
