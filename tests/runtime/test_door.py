"""The runtime library's door opens lazily, and what is behind it stays small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from constructs_lib import runtime

FOLDER = Path(runtime.__file__).parent


def in_fresh_interpreter(code: str) -> object:
    """Run code in a new interpreter, and read the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True, env=dict(os.environ)
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", runtime.__all__)
def test_every_name_is_where_the_door_says(name: str) -> None:
    """Each public name is the one of its module."""
    home = import_module(f"constructs_lib.runtime.{runtime._HOMES[name]}")
    assert getattr(runtime, name) is getattr(home, name)


def test_the_lists_of_the_door_agree() -> None:
    """What it names, it exports, in order."""
    assert sorted(runtime.__all__) == sorted(runtime._HOMES)
    assert set(runtime.__all__) <= set(dir(runtime))


def test_no_module_has_the_name_of_something_public() -> None:
    """Else an import of the module would put it in the name's place."""
    modules = {path.stem for path in FOLDER.glob("*.py")}
    assert not modules & set(runtime.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As with any module."""
    with pytest.raises(AttributeError, match="no attribute 'deadlines'"):
        runtime.deadlines  # noqa: B018 - the access is the test


def test_importing_the_library_loads_nothing_of_it() -> None:
    """An init phase pays for what a handler uses, and for no more."""
    code = (
        "import sys, json; before = set(sys.modules); import constructs_lib.runtime\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    loaded = in_fresh_interpreter(code)
    assert loaded == ["__future__", "constructs_lib", "constructs_lib.runtime"]
