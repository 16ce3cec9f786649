"""What a rule says of itself: its docstring, examples and facts, for ``explain``, SARIF and the documentation."""

from __future__ import annotations

import inspect
import re
from textwrap import fill

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from constructs_lib.policy.rule import Rule

_EFFECT = {
    "error": "fails the check",
    "warning": "fails the check with `--strict`",
    "note": "never fails the check",
}
_EXAMPLES = {"bad": "Found", "good": "Not found", "undecided": "Not decided"}
_SECTION = re.compile(r"(?m)^## (.+)$")


class Page:
    """The page of one rule.

    Attributes:
        harm: the docstring's first sentence.
        intro: what stands between that sentence and the first section.
        sections: the docstring's sections, by heading.
    """

    __slots__ = ("harm", "intro", "rule", "sections")

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        head, *rest = _SECTION.split(inspect.cleandoc(type(rule).__doc__ or ""))
        self.harm, _, self.intro = (part.strip() for part in head.partition("\n\n"))
        self.harm = " ".join(self.harm.split())
        self.sections = {rest[i].strip(): rest[i + 1].strip() for i in range(0, len(rest), 2)}

    def markdown(self, *, examples: bool = True) -> str:
        """Write the page for the documentation."""
        rule = self.rule
        parts = [
            f"# {rule.id} {rule.name}",
            self.harm,
            f"Severity: **{rule.severity}** ({_EFFECT[rule.severity]}).",
        ]
        parts += [self.intro] if self.intro else []
        parts += [f"## {heading}\n\n{body}" for heading, body in self.sections.items()]
        facts = [
            f"- {_names()[id(fact)]}: {fact} ({fact.source}, checked {fact.checked})" for fact in rule.limits
        ]
        if facts:
            parts.append("## Facts it stands on\n\n" + "\n".join(facts))
        if examples:
            parts += self._examples()
        return "\n\n".join(parts) + "\n"

    def text(self, width: int = 80, heading: Callable[[str], str] = str) -> str:
        """Write the page for a terminal: Markdown's marks are noise there, and its paragraphs are filled to the width."""
        blocks = []
        for block in self.markdown(examples=False).strip().split("\n\n"):
            plain = re.sub(r"\*\*|(?<!`)`(?!`)", "", block)
            if plain.startswith("#"):
                blocks.append(heading(plain.lstrip("# ")))
            elif "::" in plain or "\n " in plain or plain.startswith(("|", "```")):
                blocks.append(plain)
            else:
                lines = re.split(r"\n(?=- )", plain)
                blocks.append(
                    "\n".join(
                        fill(line, width, subsequent_indent="  " * line.startswith("- ")) for line in lines
                    )
                )
        return "\n\n".join(blocks) + "\n"

    def _examples(self) -> Iterator[str]:
        for kind, heading in _EXAMPLES.items():
            named = getattr(self.rule, kind)
            if named:
                yield f"## {heading}"
            for name, text in named.items():
                yield f"{name[:1].upper()}{name[1:]}:\n\n```yaml\n{text.strip()}\n```"
                if kind == "bad":
                    yield from self._said(text)

    def _said(self, example: str) -> Iterator[str]:
        """Quote what the rule says of an example."""
        from constructs_lib.policy import judge  # noqa: PLC0415 - only the documentation runs the examples
        from constructs_lib.policy.examples import graph_of  # noqa: PLC0415

        for finding in judge(graph_of(example), [self.rule]):
            line, _ = finding.place.locate()
            yield f"> **{finding.severity}**, {finding.place.file} line {line}: {finding.message} *{finding.fix}*"


def _names() -> dict[int, str]:
    """Name the facts: a number alone does not say what it limits."""
    from constructs_lib import limits  # noqa: PLC0415 - of all that is loaded here, only this page names them

    return {id(value): name for name, value in vars(limits).items()}


_GROUPS = {
    "T": "Who gives up first",
    "I": "Init",
    "Q": "Queues and streams",
    "W": "Workflows",
    "C": "Capacity",
    "A": "API cache and stage",
    "D": "Failure paths",
    "S": "Secrets and reach",
    "K": "Packages",
    "V": "Waivers",
}


def index(rules: Iterable[Rule]) -> str:
    """Write the table of contents of the rules' pages."""
    lines = [
        "# Rules",
        "",
        "One page for each rule of `constructs-lib check`, made from the rule itself by `constructs-lib rules --write docs/rules`.",
        "",
    ]
    lines += ["`error` fails the check, `warning` fails it with `--strict`, `note` never does."]
    group = ""
    for rule in rules:
        if rule.id[0] != group:
            group = rule.id[0]
            lines += [
                "",
                f"## {_GROUPS.get(group, group)}",
                "",
                "| rule | severity | what happens |",
                "|---|---|---|",
            ]
        harm = Page(rule).harm.replace("|", "\\|")
        lines.append(f"| [{rule.id} {rule.name}]({rule.id}.md) | {rule.severity} | {harm} |")
    return "\n".join(lines) + "\n"
