"""What importing a handler takes, in fresh interpreters, and which line brings which module in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHILD = Path(__file__).with_name("import_in_a_child.py")


@dataclass(frozen=True, slots=True)
class Statement:
    """An import statement that loaded something.

    Attributes:
        seconds: how long it took, with all that it brought in.
        named: the module that it names.
        loaded: all modules that it brought in.
        module: the module that it stands in.
        place: its file and line, e.g. ``app/report.py:3``.
        own: whether that file is the user's, and none of an installed package or the interpreter.
    """

    seconds: float
    named: str
    loaded: frozenset[str]
    module: str
    place: str
    own: bool


@dataclass(frozen=True, slots=True)
class ImportProfile:
    """What the import of one handler took.

    Attributes:
        seconds: the least of several runs: whatever else the machine does only adds to it.
        modules: what it loaded that an interpreter has not loaded anyway.
        statements: the import statements behind that, innermost first; from one traced run, whose times are a little
            longer.
    """

    seconds: float
    modules: tuple[str, ...]
    statements: tuple[Statement, ...]

    def costliest(self, most: int = 5) -> list[Statement]:
        """Give the user's own import statements that took longest, the longest first."""
        return sorted((each for each in self.statements if each.own), key=lambda each: -each.seconds)[:most]

    def way_to(self, module: str) -> list[Statement]:
        """Give the statements that led to a module, from the handler's own to the one that loaded it."""
        found: list[Statement] = []
        while step := next((each for each in self.statements if module in each.loaded), None):
            if step in found:
                break
            found.insert(0, step)
            module = step.module
        return found


class ImportFailedError(Exception):
    """The handler cannot be imported; holds the interpreter's own words."""


def profile(handler: str, *, path: str | os.PathLike[str] | None = None, runs: int = 5) -> ImportProfile:
    """Import a handler in fresh interpreters, with bytecode cached, as Lambda's own packages have it.

    Args:
        handler: a module, or a handler as Lambda names it: ``app.handler`` is the module ``app.handler`` where there is
            one, and else the module ``app``.
        path: the folder that the handler's names are relative to, in front of this interpreter's own path.
        runs: how many interpreters to time, >= 1.

    Raises:
        ImportFailedError: the import fails.
        RefusedError: less than one run, or a path that is no folder.
    """
    if runs < 1:
        raise RefusedError("import profile: runs", got=runs, allowed="1 or more", fix="5 is enough")
    if path is not None and not Path(path).is_dir():
        raise RefusedError(
            "import profile: path",
            got=repr(os.fspath(path)),
            allowed="a folder",
            fix="the one that holds the handler",
        )
    with TemporaryDirectory(prefix="import-profile-") as scratch:
        results = _Runs(handler, path, Path(scratch))
        results.run()  # compiles
        traced = results.run("--trace")
        times = [results.run()["seconds"] for _ in range(runs)]
    return ImportProfile(min(times), tuple(traced["modules"]), tuple(_statements(traced["statements"], path)))


class _Runs:
    def __init__(self, handler: str, path: str | os.PathLike[str] | None, scratch: Path) -> None:
        self._handler, self._result = handler, scratch / "result.json"
        folders = [*([os.path.abspath(path)] if path is not None else []), *filter(None, sys.path)]  # noqa: PTH100 - links stay links
        self._environment = {
            **os.environ, "PYTHONPATH": os.pathsep.join(folders), "PYTHONPYCACHEPREFIX": str(scratch / "bytecode"),
        }  # fmt: skip
        self._environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(self, *options: str) -> dict[str, Any]:
        command = [sys.executable, str(_CHILD), self._handler, str(self._result), *options]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ImportFailedError(f"{self._handler} cannot be imported:\n{done.stderr.strip()}")
        result: dict[str, Any] = json.loads(self._result.read_text(encoding="utf-8"))
        return result


def _statements(found: list[dict[str, Any]], path: str | os.PathLike[str] | None) -> Iterator[Statement]:
    root = Path(path or ".").absolute()
    for each in found:
        file = Path(each["file"])
        own = file.is_relative_to(root) and "site-packages" not in file.parts
        place = f"{(file.relative_to(root) if own else Path(*file.parts[-2:])).as_posix()}:{each['line']}"
        yield Statement(each["seconds"], each["named"], frozenset(each["loaded"]), each["module"], place, own)
