"""Prints every published figure, as tables: ``make bench``, or ``python -m bench synth`` for one of them."""

from __future__ import annotations

import sys
from importlib import import_module

from rich.console import Console

from bench.figures import table

BENCHES = {
    "imports": "what importing costs",
    "check": "time of `constructs-lib check`, a whole process, against cfn-lint and checkov on the same file",
    "faults": "planted faults: what ours finds, and what peers say that they do not say on the good twin",
    "runtime_bundle": "what the runtime library adds to a function's package, against Powertools",
    "runtime_extension": "what a parameter costs a handler, against boto3 and Powertools on the same server",
    "runtime_overhead": "what the runtime library costs a handler, and how soon it answers when its deadline comes",
    "stadiums": "a whole handler with what the runtime library brings, against the same written naively",
    "synth": "synth time and template size against the same resources in plain L2",
}

WIDTH = 140  # of what is written to a file


def main(chosen: list[str]) -> int:
    """Run the benches chosen, all by default; 1 when a bar is missed."""
    if unknown := sorted(set(chosen) - set(BENCHES)):
        print(f"bench: got {unknown[0]!r}; known: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    out, progress = Console(), Console(stderr=True)
    if not out.is_terminal:
        out.width = WIDTH
    missed = 0
    for name in chosen or BENCHES:
        figures = []
        with progress.status(f"{name}: starting"):
            for figure in import_module(f"bench.{name}").figures():
                figures.append(figure)
                progress.log(f"{figure.what}: {figure.ratio or figure.ours}", markup=False)
        out.print(table(f"{name}: {BENCHES[name]}", figures))
        missed += sum(figure.met is False for figure in figures)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
