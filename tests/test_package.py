"""The public door: what it offers, what opening it loads, and what the distribution holds."""

from __future__ import annotations

import subprocess
import sys

import pytest

import constructs_lib

LOADED = """
import sys
before = set(sys.modules)
import constructs_lib
{use}
print(*sorted({{name.partition(".")[0] for name in set(sys.modules) - before}}))
"""


def loaded_by(use: str = "") -> set[str]:
    """Give the top-level modules that a fresh interpreter loads for the door and one use of it."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", LOADED.format(use=use)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    return set(done.stdout.split())


def test_opening_the_door_loads_nothing_but_the_door() -> None:
    """An import of the package costs neither jsii nor anything else until a name is used."""
    assert loaded_by() <= {"__future__", "constructs_lib"}


def test_the_arithmetic_needs_no_cdk() -> None:
    """A budget is calculated without jsii and Node."""
    assert not loaded_by("constructs_lib.TimeoutBudget()") & {"aws_cdk", "jsii", "constructs", "boto3"}


@pytest.mark.parametrize("name", constructs_lib.__all__)
def test_every_public_name_can_be_had_and_says_what_it_is(name: str) -> None:
    """Each name of ``__all__`` opens, is listed, and has a docstring."""
    assert name in dir(constructs_lib)
    assert getattr(constructs_lib, name).__doc__


def test_names_are_sorted_and_each_has_one_home() -> None:
    """The door's list and the table behind it agree."""
    assert sorted(constructs_lib.__all__) == constructs_lib.__all__
    assert set(constructs_lib._HOMES) == set(constructs_lib.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy door fails as an ordinary module does."""
    with pytest.raises(AttributeError, match="module 'constructs_lib' has no attribute 'HardendFunction'"):
        constructs_lib.HardendFunction  # noqa: B018
