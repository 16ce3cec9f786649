"""The command line, ``constructs-lib``: one module per command, each loaded only when it is the one that was called.

Exit codes: 0 clean, 1 findings, 2 could not run (with one message on standard error), 130 interrupted. No traceback
reaches a user unless ``--debug`` asks for it.

argparse rather than a larger library because ``check`` runs on every synth and in every pre-commit: argparse is loaded
in a quarter of click's time, and shtab gives it shell completion.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from constructs_lib import __version__
from constructs_lib.errors import ConstructsLibError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "check": "prove on templates that waits, capacity and failure paths fit together",
    "explain": "say what a rule means, why it matters and what to do",
    "rules": "list every rule",
    "graph": "show who invokes whom and how long each waits",
    "local": "run a local AWS on this machine and deploy CDK apps to it",
}

CLEAN, FINDINGS, COULD_NOT_RUN, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = parser(words).parse_args(words)
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away, e.g. `| head`; nothing is left to say
        return COULD_NOT_RUN
    except ConstructsLibError as error:
        if "--debug" in words:
            raise
        return _say(str(error), COULD_NOT_RUN)
    except Exception as error:
        if "--debug" in words:
            raise
        defect = f"this is a defect of constructs-lib, please report it: {type(error).__name__}: {error}"
        return _say(f"{defect}\nrun the same command with --debug for the traceback", COULD_NOT_RUN)


def _say(message: str, exit_code: int) -> int:
    print(f"constructs-lib: {message}", file=sys.stderr)
    return exit_code


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Build the parser, with the options of only that command which the words call; of all, for completion."""
    top = argparse.ArgumentParser(
        prog="constructs-lib",
        description="Prove that a serverless system's timeouts fit together, and try it on a local AWS.",
        epilog="shell completion: constructs-lib --print-completion bash|zsh|tcsh",
    )
    top.add_argument("--version", action="version", version=f"constructs-lib {__version__}")
    top.add_argument("--debug", action="store_true", help="show the traceback of an error")
    completing = "--print-completion" in words
    if completing:
        importlib.import_module("shtab").add_argument_to(
            top, "--print-completion", help="print the completion script of a shell: bash, zsh or tcsh"
        )
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    called = next((word for word in words if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if completing or name == called:
            importlib.import_module(f"constructs_lib.cli.{name}").add_to(command)
    return top
