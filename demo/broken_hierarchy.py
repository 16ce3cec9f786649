"""A hierarchy of waits that is broken on purpose: ``cdk synth`` refuses it, with the arithmetic."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.local import processes
from constructs_lib.local.toolchain import find_toolchain
from demo.expectation import UnexpectedError
from demo.screen import NARROWEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from demo.screen import Screen
    from demo.system import System

ROOT = Path(__file__).parent.parent
STACK = Path("stacks") / "orders_stack.py"
BEFORE = "ANSWERING = TimeoutBudget(gateway=10, init=2, "
AFTER = "ANSWERING = TimeoutBudget(gateway=10, init=2, function=60, "
ERROR = "TimeoutHierarchyError: "


def refused_at_synth(_system: System, screen: Screen) -> str:
    """Change one number in a copy of the app, as somebody might, and synthesize it with the CDK CLI."""
    with tempfile.TemporaryDirectory(prefix="constructs-lib-demo-") as directory:
        copy = Path(directory)
        _copy_app(copy)
        screen.say(f"In a copy of the app, {STACK}:")
        screen.say(f"- {BEFORE}...\n+ {AFTER}...", "yellow")
        with screen.working("cdk synth"):
            code, said = _synthesize(copy)
    if code == 0 or ERROR not in said:
        raise UnexpectedError(f"cdk synth: got exit code {code}; expected a {ERROR}\n{said[-2000:]}")
    screen.say(f"cdk synth: exit code {code}")
    screen.say("\n".join(_essence(said)), "red")
    return "a function that may run longer than its caller waits is refused at synth"


def _copy_app(copy: Path) -> None:
    for name in ("app.py", "cdk.json"):
        shutil.copy(ROOT / name, copy)
    for name in ("stacks", "lambda_src"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    text = (copy / STACK).read_text()
    if BEFORE not in text:
        raise UnexpectedError(f"{STACK}: got no line with {BEFORE!r}; expected one to break")
    (copy / STACK).write_text(text.replace(BEFORE, AFTER))


def _synthesize(app: Path) -> tuple[int, str]:
    tools = find_toolchain(ROOT)
    child = subprocess.Popen(
        [str(tools.cdk), "synth", "--quiet", "--no-color", "--no-notices"],
        cwd=app,
        env={**tools.environment(os.environ), "CDK_DISABLE_VERSION_CHECK": "1", "TMPDIR": str(app)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = child.communicate()
    finally:
        processes.end(child.pid, app, child)
    return child.returncode, said.decode(errors="replace")


def _essence(said: str) -> Iterator[str]:
    """Give the error without the inequalities that hold, in lines that fit any terminal."""
    for line in said[said.rindex(ERROR) :].splitlines():
        if line.startswith("python app.py"):
            return
        if " holds, " in line:
            continue
        indent = line[: len(line) - len(line.lstrip())]
        short = line if len(line) <= NARROWEST else indent + re.sub(" {2,}", "  ", line.strip())
        yield textwrap.fill(short, NARROWEST, subsequent_indent=f"{indent}    ")
