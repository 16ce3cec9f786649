"""``constructs-lib rules``: the catalogue."""

from __future__ import annotations

import os
import sys

from constructs_lib.errors import RefusedError
from constructs_lib.policy.report.rule_page import Page, index
from constructs_lib.policy.rules import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
examples:
  constructs-lib rules                       one line for each rule
  constructs-lib rules --format json         the same, for programs
  constructs-lib rules --write docs/rules    one page for each rule, and an index
"""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: %(default)s")
    parser.add_argument("--write", metavar="FOLDER", help="write the documentation's pages into a folder")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """List the rules, or write their pages."""
    if arguments.write:
        return _write(arguments.write)
    if arguments.format == "json":
        import json  # noqa: PLC0415 - only one form needs it

        rows = [
            {"id": rule.id, "name": rule.name, "severity": rule.severity, "harm": Page(rule).harm}
            for rule in ALL
        ]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    width = max(len(rule.name) for rule in ALL)
    for rule in ALL:
        print(f"{rule.id}  {rule.severity:<7}  {rule.name:<{width}}  {Page(rule).harm}")
    return 0


def pages() -> dict[str, str]:
    """Give every page of the documentation by its file name."""
    return {"README.md": index(ALL)} | {f"{rule.id}.md": Page(rule).markdown() for rule in ALL}


def _write(folder: str) -> int:
    try:
        os.makedirs(folder, exist_ok=True)
        wanted = pages()
        for name in os.listdir(folder):
            if name.endswith(".md") and name not in wanted and name[1:4].isdigit():
                os.remove(os.path.join(folder, name))  # the page of a rule that is no more
        for name, text in wanted.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
    except OSError as error:
        raise RefusedError(
            "--write", got=f"{folder}: {error.strerror}", allowed="a folder", fix="name another"
        ) from None
    print(f"{len(wanted)} pages written to {folder}", file=sys.stderr)
    return 0
