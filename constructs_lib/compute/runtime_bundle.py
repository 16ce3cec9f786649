"""The runtime library beside a handler: one code asset out of the user's directory and the few modules that run in Lambda.

What is bundled has no docstrings and no comments, but the same lines: a traceback in the logs points where the source on a
developer's machine does. The bundle depends on this package's version alone, so the same sources make the same asset.
"""

from __future__ import annotations

import ast
import hashlib
import io
import shutil
import tokenize
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

import constructs_lib

PACKAGE = "constructs_lib"
# What the runtime library may import of the rest; a contract of import-linter holds it to that.
_BESIDE_RUNTIME = ("__init__.py", "errors.py", "timeouts/__init__.py", "timeouts/carriers.py")


def with_runtime(directory: Path, *, below: str = "") -> Path:
    """Give a directory that holds the user's entries and the runtime library, for ``Code.from_asset``.

    ``below`` is the folder in it where both are, as Lambda expects a Python layer's modules in ``python``. The entries are links, which CDK follows where they point out of the asset: nothing is copied twice. Where this user may
    make none, as on Windows by default, they are copies.
    """
    entries = {
        entry.name: entry.resolve() for entry in sorted(directory.iterdir()) if entry.name != "__pycache__"
    }
    key = hashlib.sha256(repr((below, entries)).encode()).hexdigest()[:32]
    staged = Path(_stage().name, key)
    if staged.exists():
        return staged
    (staged / below).mkdir(parents=True)
    write_runtime(staged / below)
    try:
        for name, entry in entries.items():
            (staged / below / name).symlink_to(entry)
    except OSError:
        staged = staged.rename(
            Path(mkdtemp(dir=_stage().name), key)
        )  # for what is copied may change until the next call
        shutil.copytree(directory, staged / below, dirs_exist_ok=True)
    return staged


def write_runtime(directory: Path) -> None:
    """Write the runtime library below a directory, as ``constructs_lib/``."""
    for name, source in _lean_sources().items():
        file = directory / PACKAGE / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source, encoding="utf-8", newline="\n")


@cache
def _stage() -> TemporaryDirectory[str]:
    return TemporaryDirectory(
        prefix="constructs-lib-"
    )  # until this process ends: CDK reads it while constructs are made


@cache
def _lean_sources() -> dict[str, str]:
    root = Path(constructs_lib.__file__).parent
    names = [
        *_BESIDE_RUNTIME,
        *(file.relative_to(root).as_posix() for file in (root / "runtime").rglob("*.py")),
    ]
    return {name: _lean((root / name).read_text(encoding="utf-8")) for name in sorted(names)}


def _lean(source: str) -> str:
    """Blank out docstrings and comments, and leave every statement on its line."""
    lines = _without_docstrings(source)
    for token in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            lines[line - 1] = lines[line - 1][:column].rstrip()
    return "\n".join(lines).rstrip("\n") + "\n"


def _without_docstrings(source: str) -> list[str]:
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())) if node.end_lineno is not None:
                first, last = node.lineno - 1, node.end_lineno - 1
                indent = lines[first][: node.col_offset]  # nothing else: a docstring begins its line
                lines[first : last + 1] = [f'{indent}""', *[""] * (last - first)]
    return lines
