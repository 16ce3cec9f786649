"""The command line as a user meets it: exit codes, messages, no traceback."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from constructs_lib import cli
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from pathlib import Path


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    command = [sys.executable, "-m", "constructs_lib.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def test_help_lists_every_command() -> None:
    """A newcomer's first word is --help."""
    done = run("--help")
    assert done.returncode == 0
    for name, summary in cli.COMMANDS.items():
        assert f"{name} " in done.stdout
        assert summary[:30] in done.stdout


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_commands_help_has_examples(name: str) -> None:
    """Each command shows how it is used."""
    done = run(name, "--help")
    assert done.returncode == 0
    assert f"  constructs-lib {name} " in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["locl"], "invalid choice: 'locl'"),
        (["local"], "the following arguments are required: COMMAND"),
        (["local", "up", "--port", "x"], "argument --port: invalid int value: 'x'"),
        (["local", "deploy", "-c", "stage"], "--context: got stage; allowed: KEY=VALUE"),
    ],
)
def test_what_cannot_run_exits_with_two_and_one_message(words: list[str], said: str) -> None:
    """The message goes to standard error, and nothing looks like a crash."""
    done = run(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_deployment_that_cannot_work_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What can be known before is said before: no local AWS is left running by a mistyped directory."""
    monkeypatch.setenv("CONSTRUCTS_LIB_CACHE", str(tmp_path / "cache"))
    done = run("local", "deploy", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(f"constructs-lib: {tmp_path}: got neither cdk.json nor manifest.json; ")
    assert run("local", "status").stdout == "no local AWS runs; start one with: constructs-lib local up\n"


def test_the_completion_script_knows_the_commands() -> None:
    """Shell completion comes from the same parser."""
    done = run("--print-completion", "bash")
    assert done.returncode == 0
    assert "deploy" in done.stdout


class Failing:
    """A command that fails in a given way."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, _: object) -> int:
        """Fail."""
        raise self.error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            RefusedError("port", got=1, allowed="a free one", fix="take another"),
            2,
            "constructs-lib: port: got 1; ",
        ),
        (KeyboardInterrupt(), 130, "constructs-lib: interrupted"),
        (
            ZeroDivisionError("oops"),
            2,
            "a defect of constructs-lib, please report it: ZeroDivisionError: oops",
        ),
    ],
)
def test_errors_become_messages_and_exit_codes(
    error: BaseException,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ours say what to do, an interrupt is quiet, and a defect says how to report it."""
    monkeypatch.setattr("constructs_lib.cli.local._status", Failing(error))
    assert cli.main(["local", "status"]) == code
    assert said in capsys.readouterr().err


def test_debug_lets_the_traceback_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever mends a defect sees where it is."""
    monkeypatch.setattr("constructs_lib.cli.local._status", Failing(ZeroDivisionError("oops")))
    with pytest.raises(ZeroDivisionError):
        cli.main(["--debug", "local", "status"])
