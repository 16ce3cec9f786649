"""How long ``constructs-lib check`` takes, as a whole process, beside cfn-lint and checkov on the same file in the same run.

The processes take turns, so that whatever else the machine does weighs on all alike. All of them compute on one core and
wait for nothing, so a run that got less than nine tenths of a core was held up by others and does not count, unless all
were. Bytecode is cached, as pip leaves it; ``PYTHONDONTWRITEBYTECODE`` would hide the cache and is taken out.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench import checkers
from bench.figures import Figure

if TYPE_CHECKING:
    import resource
    from collections.abc import Iterator, Mapping

SIZES = {  # functions and methods: runs of ours for one of the peers', rounds, milliseconds allowed
    1: (5, 5, 100),
    50: (5, 3, 150),
    200: (11, 1, 300),
}
RATIOS = {"cfn-lint": 15, "checkov": 30}  # the bars for one API
LINEAR = 2.4  # twice the functions may take twice the time and what the noise of two shared cores adds
UNDISTURBED = 0.9  # of a core
MEGABYTES = 100
CORPUS = "CONSTRUCTS_LIB_CORPUS"
COMMANDS = {
    "constructs-lib": checkers.OURS,
    "cfn-lint": [*checkers.CFN_LINT, "--template"],
    "checkov": [*checkers.CHECKOV, "--file"],
}


class Run(NamedTuple):
    """One process: wall time and CPU time in seconds, peak memory in megabytes, at the least what this process has itself."""

    seconds: float
    cpu: float
    megabytes: float


def figures() -> Iterator[Figure]:
    """Measure all sizes, then how the time grows, then the corpus if there is one."""
    with tempfile.TemporaryDirectory() as directory:
        files = {size: Path(directory, f"{size}.json") for size in (*SIZES, 400)}
        made = subprocess.run(
            [sys.executable, "-m", "bench.apis", *(f"{size}={file}" for size, file in files.items())],
            cwd=checkers.ROOT,
            env={**os.environ, "CDK_VALIDATION": "false", "JSII_NODE": str(checkers.ROOT / ".venv/bin/node")},
            check=False,
        )
        if made.returncode:
            raise SystemExit("bench.apis could not synthesize the templates")
        for size in SIZES:
            yield from _size(size, files[size])
        yield _growth(files)
    yield from corpus()


def _size(size: int, file: Path) -> Iterator[Figure]:
    ours_each, rounds, allowed = SIZES[size]
    runs = _in_turn(file, ours_each, rounds)
    ours = typical(runs["constructs-lib"])
    what = "one function and method" if size == 1 else f"{size} functions and methods"
    yield Figure(
        what=f"{what}, {file.stat().st_size / 1024:.0f} KiB",
        ours=f"{ours.seconds * 1000:.0f} ms, {ours.megabytes:.0f} MB",
        peer="",
        ratio="",
        bar=f"<= {allowed} ms",
        met=ours.seconds * 1000 <= allowed,
    )
    for peer, bar in RATIOS.items():
        theirs = typical(runs[peer])
        ratio = theirs.seconds / ours.seconds
        yield Figure(
            what="",
            ours="",
            peer=f"{peer} {theirs.seconds:.1f} s, {theirs.megabytes:.0f} MB",
            ratio=f"{ratio:.0f}x faster",
            bar=f">= {bar}x" if size == 1 else "",
            met=ratio >= bar if size == 1 else None,
        )


def _in_turn(file: Path, ours_each: int, rounds: int) -> dict[str, list[Run]]:
    """Time each checker on a file, in turn; the first run of ours fills caches and does not count."""
    run(COMMANDS["constructs-lib"], file)
    runs: dict[str, list[Run]] = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, command in COMMANDS.items():
            runs[name] += [run(command, file) for _ in range(ours_each if name == "constructs-lib" else 1)]
    return runs


def typical(runs: list[Run]) -> Run:
    """Give the medians of the runs that nothing held up, of all if everything was held up."""
    counted = [run for run in runs if run.cpu >= UNDISTURBED * run.seconds] or runs
    return Run(*(statistics.median(column) for column in zip(*counted, strict=True)))


def _growth(files: Mapping[int, Path]) -> Figure:
    """Compare the CPU time of 400 functions with that of 200; what one takes is the start."""
    # The least of several: CPU time only ever grows by what else the machine does.
    cpu = {size: min(run(checkers.OURS, files[size]).cpu for _ in range(9)) for size in (1, 200, 400)}
    ratio = (cpu[400] - cpu[1]) / (cpu[200] - cpu[1])
    return Figure(
        what="400 functions against 200, without the start",
        ours=f"{cpu[400] * 1000:.0f} and {cpu[200] * 1000:.0f} ms of CPU",
        peer="",
        ratio=f"{ratio:.2f}x",
        bar=f"<= {LINEAR}x",
        met=ratio <= LINEAR,
    )


def run(command: list[str], file: Path) -> Run:
    """Run a checker on a file, its output thrown away.

    Raises:
        SystemExit: it crashed, or ours could not read the file.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*command, str(file)],
            cwd=file.parent,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read()
    # cfn-lint's exit codes are bits of severities, so that only what it says tells a crash.
    if (
        process.returncode < 0
        or b"Traceback" in said
        or (command is checkers.OURS and process.returncode > 1)
    ):
        raise SystemExit(f"{Path(command[0]).name} failed on {file.name}: {said[-2000:].decode()}")
    return Run(seconds, used.ru_utime + used.ru_stime, _megabytes(used))


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)


def _page(templates: Path) -> Figure:
    """Write one HTML page about every template of the corpus, each a system of its own."""
    with tempfile.TemporaryDirectory() as directory:
        page = Path(directory, "page.html")
        used = run([*checkers.OURS, "--each", "--format", f"html:{page}"], templates)
        size = page.stat().st_size / 1024 / 1024
    return Figure(
        what=f"  one HTML page about all of it, {size:.1f} MiB",
        ours=f"{used.seconds:.1f} s, {used.megabytes:.0f} MB",
        peer="",
        ratio="",
        bar="<= 100 MB",
        met=used.megabytes <= MEGABYTES,
    )


def corpus() -> Iterator[Figure]:
    """Score the labelled corpus, which is not part of the repository."""
    folder = os.environ.get(CORPUS)
    if not folder:
        how = f"not measured: set {CORPUS} to a folder with templates/ and labels.jsonl"
        yield Figure("corpus of labelled templates", how, "", "", "", None)
        return
    done = subprocess.run(
        [sys.executable, "-m", "bench.corpus", folder],
        cwd=checkers.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    *rows, summary = [line for line in done.stdout.splitlines() if line and not line.startswith("    ")]
    verdict = {0: True, 1: False}
    if done.returncode not in verdict:
        raise SystemExit(f"bench.corpus failed: {done.stderr[-2000:]}")
    met = verdict[done.returncode]
    yield Figure("corpus", summary, "", "", "<= 5 s per 1,000, <= 100 MB, no crash, scores >= 99 %", met)
    yield _page(Path(folder, "templates"))
    for row in rows[1:]:
        *_, precision, recall = row.split()
        scores = f"precision {precision}, recall {recall}" if recall != "-" else "no violations in it"
        yield Figure(f"  {row[:28].strip()}", scores, "", "", "", None)
