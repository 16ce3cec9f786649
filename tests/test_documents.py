"""The documents claim only what runs: their code is executed, their commands are run, and the output is what they show.

In the order of the document, in one folder of its own: a YAML, TOML or Python block that begins with ``# name`` becomes the
file of that name; any other Python block is run, and prints what the text block below it says; a console block's ``constructs-lib``
commands are run, and print what stands below them, if anything does. (``make`` is what CI itself runs.)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md") if "```" in p.read_text())]
BLOCK = re.compile(
    r"^```(?P<kind>\w+)\n(?P<body>.*?)^```$(?:\n\n```text\n(?P<output>.*?)^```$)?", re.MULTILINE | re.DOTALL
)
FILE = re.compile(r"# (?P<name>[\w./-]+\.(?:yaml|toml|py))\n")


def run(folder: Path, *command: str) -> tuple[int, str]:
    """Run a command in the folder, with this environment's commands; gives its exit code and output."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def commands(body: str) -> list[tuple[list[str], str]]:
    """Take a console block apart: each of our commands with the output shown below it."""
    found = []
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        words = line.partition("  #")[0].split()
        if words[0] == "constructs-lib":
            found.append((words, shown))
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_the_document_does_what_it_shows(document: Path, tmp_path: Path) -> None:
    """A reader who copies it gets what it says."""
    for block in BLOCK.finditer(document.read_text()):
        body, output = block["body"], block["output"]
        if block["kind"] in {"yaml", "toml", "python"} and (file := FILE.match(body)):
            (tmp_path / file["name"]).write_text(body)
        elif block["kind"] == "python":
            code, printed = run(tmp_path, sys.executable, "-c", body)
            assert code == 0, printed
            assert output is None or printed.rstrip() == output.rstrip()
        elif block["kind"] == "console":
            for words, shown in commands(body):
                code, printed = run(tmp_path, *words)
                assert code in {0, 1}, printed
                assert not shown.strip() or printed.rstrip() == shown.rstrip()
