"""What a parameter costs a handler: the first one in a sandbox, imports included, and each one after.

Ours asks the extension; boto3 and Powertools' parameters utility ask Parameter Store's API. All three ask the same server
(``bench/values_server.py``) in the same run, in turns, each in an interpreter that has loaded ``awslambdaric`` already, as a
sandbox has. Nobody caches: Powertools is told to fetch (``force_fetch=True``).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.figures import Figure
from bench.values_server import NAME, VALUE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 11
WARM = 2_000
FIRST_BAR, FIRST_RATIO = 8.0, 30
WARM_BAR, WARM_RATIO = 0.25, 4

# One read each way, as a handler writes it: the imports, and the call.
READS = {
    "ours": ("from constructs_lib.runtime import parameter", "parameter(NAME)"),
    "boto3": (
        "import boto3; client = boto3.client('ssm')",
        "client.get_parameter(Name=NAME, WithDecryption=True)['Parameter']['Value']",
    ),
    "Powertools": (
        "from aws_lambda_powertools.utilities import parameters",
        "parameters.get_parameter(NAME, decrypt=True, force_fetch=True)",
    ),
}
PROGRAM = """
import json, sys
import awslambdaric.bootstrap
from time import perf_counter
NAME, warm = {name!r}, int(sys.argv[1])
namespace = globals()
began = perf_counter()
exec({imports!r}, namespace)
value = eval({read!r}, namespace)
first = perf_counter() - began
assert value == {value!r}, value
read = eval("lambda: " + {read!r}, namespace)
times = []
for _ in range(warm):
    began = perf_counter()
    read()
    times.append(perf_counter() - began)
times.sort()
print(json.dumps({{"first": first * 1000, "warm": times[len(times) // 2] * 1000 if times else 0}}))
"""


def figures() -> Iterator[Figure]:
    """Measure the first read in many fresh interpreters, and the median of many reads in each of some."""
    with values_server() as port:
        for who in READS:
            _run(who, port, 10)  # writes bytecode, and warms the page cache
        rounds = [{who: _run(who, port, 0)["first"] for who in READS} for _ in range(ROUNDS)]
        yield from _compared("first parameter in a sandbox, imports included", rounds, FIRST_BAR, FIRST_RATIO)
        rounds = [{who: _run(who, port, WARM)["warm"] for who in READS} for _ in range(5)]
        yield from _compared("parameter, warm, uncached, loopback", rounds, WARM_BAR, WARM_RATIO)


def _compared(what: str, rounds: list[dict[str, float]], bar: float, least: float) -> Iterator[Figure]:
    # The least of many: whatever else the machine does can only add.
    ours = min(taken["ours"] for taken in rounds)
    for peer in ("boto3", "Powertools"):
        theirs = min(taken[peer] for taken in rounds)
        ratio = statistics.median(taken[peer] / taken["ours"] for taken in rounds)
        yield Figure(
            f"{what}, against {peer}",
            f"{ours:.2f} ms",
            f"{theirs:.2f} ms",
            f"{ratio:.1f}x faster",
            f"<= {bar:g} ms, >= {least}x",
            ours <= bar and ratio >= least,
        )


@contextmanager
def values_server() -> Iterator[int]:
    """Run the server, and give its port."""
    command = [sys.executable, "-m", "bench.values_server"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        yield int(server.stdout.readline())
        server.stdin.close()


def _run(who: str, port: int, warm: int) -> dict[str, Any]:
    imports, read = READS[who]
    program = PROGRAM.format(imports=imports, read=read, name=NAME, value=VALUE)
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_LAMBDA_FUNCTION_NAME": "orders",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(port),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", program, str(warm)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


if __name__ == "__main__":
    for figure in figures():
        print(figure)
