"""What importing costs: time by the interpreter's own ``-X importtime``, and what gets loaded."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING

from bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = 15
BAR = 10  # milliseconds


def figures() -> Iterator[Figure]:
    """Measure the door, and the door with the arithmetic in use, against aws_cdk itself."""
    door, budget = milliseconds("constructs_lib"), milliseconds("constructs_lib.timeouts.budget")
    cdk = milliseconds("aws_cdk", runs=3)
    yield Figure(
        "import constructs_lib", f"{door:.1f} ms", f"aws_cdk {cdk:.0f} ms", "", f"<= {BAR} ms", door <= BAR
    )
    yield Figure("import constructs_lib.timeouts.budget", f"{budget:.1f} ms", "", "", "", None)


def milliseconds(module: str, runs: int = RUNS) -> float:
    """Give the median time that a fresh interpreter takes to import a module, its bytecode cached."""
    return statistics.median(_once(module) for _ in range(runs))


def _once(module: str) -> float:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"],
        capture_output=True,
        text=True,
        check=True,
    )
    # The last line that names the module itself has its cumulative time in microseconds in the second column.
    found = re.findall(rf"\| +(\d+) \| +{re.escape(module)}$", done.stderr, re.MULTILINE)
    return int(found[-1]) / 1000
