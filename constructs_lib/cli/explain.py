"""``constructs-lib explain``: what a rule means, why it matters, what to do."""

from __future__ import annotations

import sys

from constructs_lib.cli.terminal import look_of
from constructs_lib.errors import RefusedError
from constructs_lib.policy.report.rule_page import Page
from constructs_lib.policy.rules import ALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from constructs_lib.policy.rule import Rule

EXAMPLES = """\
examples:
  constructs-lib explain T101                      by id, as findings show it
  constructs-lib explain gateway-gives-up-first    by name
  constructs-lib explain T101 --markdown           the page of the documentation, with examples
"""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("rule", metavar="RULE", help="id or name of a rule")
    parser.add_argument("--markdown", action="store_true", help="print Markdown, with examples")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one rule's page."""
    page = Page(find(arguments.rule))
    if arguments.markdown:
        print(page.markdown(), end="")
    else:
        look = look_of(sys.stdout)
        print(page.text(look.width, lambda text: look.paint(text, "bold")), end="")
    return 0


def find(wanted: str) -> Rule:
    """Find a rule by its id or name.

    Raises:
        RefusedError: there is none; names the nearest.
    """
    names = {name: rule for rule in ALL for name in (rule.id.lower(), rule.name)}
    key = wanted.strip().lower().rpartition("::")[2]
    if key in names:
        return names[key]
    import difflib  # noqa: PLC0415 - only a typo needs it

    near = dict.fromkeys(names[name] for name in difflib.get_close_matches(key, names, cutoff=0.5))
    fix = (
        "did you mean " + " or ".join(f"{rule.id} {rule.name}" for rule in near) + "?"
        if near
        else "see `constructs-lib rules`"
    )
    raise RefusedError("rule", got=wanted, allowed="an id or a name", fix=fix)
