"""``constructs-lib graph``: who invokes whom, and how long each waits."""

from __future__ import annotations

import sys

from constructs_lib.cli.check import add_values_to, default_paths, settings_of
from constructs_lib.errors import TemplateError
from constructs_lib.policy.graph import Graph
from constructs_lib.policy.report.drawing import FORMS, draw
from constructs_lib.policy.report.picture import picture
from constructs_lib.policy.template import read
from constructs_lib.policy.values import System

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
examples:
  constructs-lib graph cdk.out                                one line for each way to invoke a function
  constructs-lib graph template.yaml --format mermaid         for Markdown
  constructs-lib graph cdk.out --format dot | dot -Tsvg -o system.svg
  constructs-lib graph cdk.out --format json                  functions, edges and waits, for programs
"""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("paths", nargs="*", metavar="PATH", help="as for check; all of them are one system")
    parser.add_argument("--format", choices=FORMS, default="text", help="default: %(default)s")
    add_values_to(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the graph; 2 if something could not be read."""
    paths = arguments.paths or default_paths()
    settings = settings_of(arguments, paths)
    found = list(read(paths))
    unreadable = [item for item in found if isinstance(item, TemplateError)]
    system = System([item for item in found if not isinstance(item, TemplateError)], settings.parameters)
    text = draw(picture(Graph(system, settings)), arguments.format)
    sys.stdout.buffer.write(text.encode())
    sys.stdout.flush()
    for error in unreadable:
        print(f"constructs-lib: {error}", file=sys.stderr)
    return 2 if unreadable else 0
