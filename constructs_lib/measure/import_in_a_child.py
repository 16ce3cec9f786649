"""Imports a handler in a fresh interpreter and writes down what that took: run as a script, imported by nobody.

Usage: ``import_in_a_child.py HANDLER RESULT [--trace]``. The result is JSON: ``seconds`` and ``modules``; with ``--trace``
also ``statements``, each import statement that loaded something, innermost first, with what it loaded and how long it took.
"""

from __future__ import annotations

import builtins
import importlib
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

Statement = dict[str, Any]


def main(handler: str, result: str, *options: str) -> None:
    """Import the handler, and write the result."""
    statements: list[Statement] = []
    before = set(sys.modules)
    if options:
        _trace(statements)
    started = time.perf_counter()
    try:
        _import(handler)
    except Exception as error:  # noqa: BLE001 - whatever the handler's modules raise is what is told
        sys.exit(_told(error))
    seconds = time.perf_counter() - started
    loaded = [name for name in sys.modules if name not in before]
    text = json.dumps({"seconds": seconds, "modules": loaded, "statements": statements})
    Path(result).write_text(text, encoding="utf-8")


def _told(error: Exception) -> str:
    """Give the traceback as far as it is the handler's."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and "importlib" not in frame.filename
    ]  # fmt: skip
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)]
    return "".join([*(lines if frames else []), *traceback.format_exception_only(error)])


def _import(handler: str) -> None:
    """Import a module, or the module of a handler as Lambda names it: ``module.function``."""
    name = handler.replace("/", ".")
    parent, _, function = name.rpartition(".")
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name or not hasattr(sys.modules.get(parent), function):
            raise


def _trace(statements: list[Statement]) -> None:
    """Write down each import statement from here on that loads something."""
    ordinary = builtins.__import__

    def traced(  # with the names of the interpreter's own arguments: some pass them by name
        name: str,
        globals: Any = None,  # noqa: A002
        locals: Any = None,  # noqa: A002
        fromlist: Any = (),
        level: int = 0,
    ) -> Any:
        before, started = set(sys.modules), time.perf_counter()
        caller = sys._getframe(1)  # noqa: SLF001 - the line that imports
        try:
            return ordinary(name, globals, locals, fromlist, level)
        finally:
            if loaded := [module for module in sys.modules if module not in before]:
                of = globals or {}
                statements.append({
                    "seconds": time.perf_counter() - started, "loaded": loaded,
                    "named": _named(name, of, fromlist, level, loaded),
                    "module": of.get("__name__", ""), "file": caller.f_code.co_filename, "line": caller.f_lineno,
                })  # fmt: skip

    builtins.__import__ = traced


def _named(name: str, of: dict[str, Any], names: Any, level: int, loaded: list[str]) -> str:
    """Give the module that a statement names, among those that it loaded; the last of them finished last."""
    package = of.get("__package__") or ""
    base = ".".join(filter(None, [package.rsplit(".", level - 1)[0] if level else "", name]))
    candidates = [base, *(f"{base}.{part}" for part in names or ())]
    return next((each for each in candidates if each in loaded), loaded[-1])


if __name__ == "__main__":
    sys.path.pop(0)  # this script's folder, which no handler sees
    main(*sys.argv[1:])
