"""Synth time and template size: hardened constructs against the same resources in plain L2.

One child process makes one pair of measurements: it imports aws_cdk, synthesizes both sides to warm them up, then times
both twice, in the order A B B A, and another child in the order B A A B. What is timed is everything from ``App()`` to the end of ``app.synth()``. Both sides must have the same number of resources of each type, or the comparison is refused.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aws_cdk import Stack

    Build = Callable[[Stack, int], None]

SIZES = (1, 10, 50)
BAR = 1.15
WARM_UP = 10
ROUNDS = {1: 7, 5: 5, 10: 5, 20: 5, 50: 3}
PARTS = {
    "http_api": ("synth, an HTTP API of {} routes", 20),
    "queue_workers": ("synth, {} queues with workers", 10),
    "workflows": ("synth, {} chunked workflows", 5),
}
ROOT = Path(__file__).resolve().parent.parent


def figures() -> Iterator[Figure]:
    """Measure all sizes: ours against plain L2, then the peer against its own plain L2."""
    for size in SIZES:
        yield _figure(f"synth, {size} pairs", "ours", size, Path(sys.executable), BAR)
    for part, (what, size) in PARTS.items():
        yield _figure(what.format(size), part, size, Path(sys.executable), BAR)
    peer_python = ROOT / ".venv-solutions-constructs" / "bin" / "python"
    for size in SIZES:
        yield _figure(
            f"  ApiGatewayToLambda of AWS Solutions Constructs, {size}", "peer", size, peer_python, None
        )


def _figure(what: str, side: str, size: int, python: Path, bar: float | None) -> Figure:
    couples = [
        [_child(python, side, size, swapped=swapped) for swapped in (False, True)]
        for _ in range(ROUNDS[size])
    ]
    runs = [run for couple in couples for run in couple]
    # Whoever goes first and last in a child pays for Node's heap; over both orders that evens out.
    ratio = statistics.median(
        statistics.geometric_mean(run["made_s"] / run["plain_s"] for run in couple) for couple in couples
    )
    made, plain = (statistics.median(run[key] for run in runs) for key in ("made_s", "plain_s"))
    bytes_ratio = runs[0]["made_bytes"] / runs[0]["plain_bytes"]
    return Figure(
        what=what,
        ours=f"{made * 1000:.0f} ms, {runs[0]['made_bytes'] / 1024:.0f} KiB",
        peer=f"{plain * 1000:.0f} ms, {runs[0]['plain_bytes'] / 1024:.0f} KiB",
        ratio=f"{ratio:.2f}x time, {bytes_ratio:.2f}x size",
        bar="" if bar is None else f"<= {bar:.2f}x time",
        met=None if bar is None else ratio <= bar,
    )


def _child(python: Path, side: str, size: int, *, swapped: bool) -> dict[str, Any]:
    node = ROOT / ".venv" / "bin" / "node"
    done = subprocess.run(
        [python, "-m", "bench.synth", side, str(size), str(int(swapped))],
        cwd=ROOT,
        env={**os.environ, "CDK_VALIDATION": "false", "JSII_NODE": str(node)},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _measure(side: str, size: int, *, swapped: bool) -> dict[str, Any]:
    builders = _builders(side)
    for build in builders.values():
        _synthesize(build, WARM_UP)
    # What gets faster or slower with time weighs on both alike.
    order = ["plain", "made", "made", "plain"] if swapped else ["made", "plain", "plain", "made"]
    runs = [(name, _synthesize(builders[name], size)) for name in order]
    results = dict(runs)
    counts = {name: result[2] for name, result in results.items()}
    if counts["made"] != counts["plain"]:
        difference = {t: (counts["made"][t], counts["plain"][t]) for t in counts["made"] | counts["plain"]}
        raise SystemExit(f"not the same resources: { {t: c for t, c in difference.items() if c[0] != c[1]} }")
    seconds = {f"{side}_s": sum(run[0] for name, run in runs if name == side) / 2 for side in builders}
    return seconds | {f"{name}_bytes": result[1] for name, result in results.items()}


def _builders(side: str) -> dict[str, Build]:
    if side == "peer":
        from bench import pairs_peer  # noqa: PLC0415 - where the peer runs, ours is not installed

        return {"made": _each(pairs_peer.add), "plain": _each(pairs_peer.add_plain)}
    if side == "ours":
        from bench import pairs_hardened, pairs_plain  # noqa: PLC0415 - jsii, which the parent need not load

        return {"made": _each(pairs_hardened.add), "plain": _each(pairs_plain.add)}
    from bench import parts_hardened, parts_plain  # noqa: PLC0415 - jsii, as above

    return {"made": getattr(parts_hardened, side), "plain": getattr(parts_plain, side)}


def _each(add: Build) -> Build:
    def build(stack: Stack, size: int) -> None:
        for number in range(size):
            add(stack, number)

    return build


def _synthesize(build: Build, size: int) -> tuple[float, int, Counter[str]]:
    import aws_cdk as cdk  # noqa: PLC0415 - in the child only

    gc.collect()
    started = time.perf_counter()
    # 50 pairs are more than a stack may hold; what is measured is the same.
    app = cdk.App(analytics_reporting=False, context={"@aws-cdk/core:stackResourceLimit": 0})
    stack = cdk.Stack(app, "Pairs", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    build(stack, size)
    directory = app.synth().directory
    seconds = time.perf_counter() - started
    text = Path(directory, stack.template_file).read_text()
    return seconds, len(text), Counter(r["Type"] for r in json.loads(text)["Resources"].values())


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[1], int(sys.argv[2]), swapped=sys.argv[3] == "1")))
