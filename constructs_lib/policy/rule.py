'''Stage 4: what a rule is, and how to add one.

A rule is one file under ``rules/`` with one class. Everything about it is in that file: the docstring is its
documentation page, the examples are its tests, ``check`` finds. Adding one touches that file and one line in
``rules/__init__.py``.

::

    class VisibilityShorterThanFunction(Rule):
        """A message is handed out again while the function still works on it.     <- one sentence: the harm

        ## Why is this bad?
        ...what happens in production...

        ## What to do
        ...the smallest change that mends it...
        """

        id = "Q301"
        name = "visibility-shorter-than-function"     # reads well after "allow"; names the harm, not the cure
        severity = ERROR
        limits = (SQS_VISIBILITY_DEFAULT,)            # the facts it reads; the page quotes them with their sources
        bad = {"visibility unset": "..."}             # name -> YAML of the Resources section
        good = {"visibility above the timeout": "..."}
        undecided = {"visibility from a parameter": "..."}

        def check(self, graph: Graph) -> Iterator[Finding]:
            for edge in graph.edges_of("sqs"):
                queue = queue_of(edge)
                if queue is None:
                    continue
                visibility = queue.get("VisibilityTimeout").default(30).numbers()
                timeout = edge.function.timeout
                for wait, runs, when in graph.known(visibility, timeout, given=edge.when):
                    if wait < runs:
                        yield self.finding(
                            visibility.place, f"...{wait:g} s...", fix="...", path=edge.path, when=when
                        )

What to hold to:

* Read numbers through ``graph.known``: it lists what the values are *together* (both branches of an ``Fn::If``, each
  with its condition), leaves out what is unknown, and notes it in the coverage. A property that is not set is ABSENT and
  is left out too, so say AWS's default with ``.default(...)``.
* Take every bound from ``timeouts.inequalities`` and every AWS number from ``limits``.
* The message does the arithmetic: both numbers, both ends as people call them (``edge.label``, ``edge.callee``), and what
  happens in production. ``fix`` is the smallest change, starting with a verb. Seconds are written ``f"{x:g} s"``.
* Point at the number to change: ``value.place`` (it falls back to the nearest place that is written), and give the path
  from caller to callee if there is one.
* A rule that puts many values together need not follow their conditions: it is asked again for each branch of a
  condition (:mod:`.branches`). It only has to be silent where a value is not one known one.
* Examples are YAML of the Resources section alone, in which ``!If [IsProd, ...]`` may stand; text with a line ``Resources:`` is a whole template, and a line
  ``---`` starts the next template of the same system. Every ``bad`` one must be found, its text is kept beside the
  tests; every ``good`` one must be silent; every ``undecided`` one must show in the coverage and give no finding.
* Nothing is stored on the rule: one instance serves many graphs.
'''

from __future__ import annotations

from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, ClassVar, Literal

    from constructs_lib.limits import Fact
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Place
    from constructs_lib.policy.values.cases import When
    from constructs_lib.policy.waivers import Waiver

    Severity = Literal["error", "warning", "note"]

ERROR: Severity = "error"  # fails the check
WARNING: Severity = "warning"  # fails it with --strict
NOTE: Severity = "note"  # never fails it


class Finding:
    """One place where the system breaks a rule.

    Attributes:
        rule: the rule's id.
        severity: "error", "warning" or "note".
        place: where to change something; its line is looked up only when shown.
        text: what is wrong, with the arithmetic, and what happens in production.
        when: the conditions under which it is wrong.
        fix: the smallest change that mends it.
        path: logical ids from the caller to the callee, everything between included.
        waived: why it is accepted, or None.
        waived_by: the waiver that accepts it, or None; what a baseline accepts has none.
    """

    __slots__ = ("fix", "path", "place", "rule", "severity", "text", "waived", "waived_by", "when")

    def __init__(
        self,
        rule: str,
        severity: Severity,
        place: Place,
        text: str,
        fix: str,
        path: tuple[str, ...],
        when: When = (),
    ) -> None:
        self.rule, self.severity, self.place = rule, severity, place
        self.text, self.fix, self.path, self.when = text, fix, path, when
        self.waived: str | None = None
        self.waived_by: Waiver | None = None

    def __repr__(self) -> str:
        """Show rule and place."""
        return f"<Finding {self.rule} {self.place.resource.id}.{self.place.property_path}>"

    @property
    def message(self) -> str:
        """What is wrong, with the conditions that it depends on at the beginning."""
        return show(f"{_conditions(self.when)}: {self.text}" if self.when else self.text)

    def given(self, when: When) -> Finding:
        """Give the same finding under further conditions."""
        joined = tuple(dict((*when, *self.when)).items())
        return Finding(self.rule, self.severity, self.place, self.text, self.fix, self.path, joined)

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two findings the same one."""
        return self.rule, self.place.file, self.place.resource.id, self.place.keys, self.path

    def as_dict(self) -> dict[str, Any]:
        """Give the finding as the JSON report has it."""
        line, column = self.place.locate()
        return {
            "rule": self.rule,
            "severity": self.severity,
            "file": self.place.file,
            "line": line,
            "column": column,
            "logical_id": self.place.resource.id,
            "property": self.place.property_path,
            "construct_path": self.place.resource.construct_path,
            "path": list(self.path),
            "message": self.message,
            "fix": self.fix,
            "waived": self.waived,
        }


class Rule:
    """Base of every rule; see the module's docstring for how to write one."""

    id: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    limits: ClassVar[tuple[Fact, ...]] = ()
    good: ClassVar[Mapping[str, str]] = {}
    bad: ClassVar[Mapping[str, str]] = {}
    undecided: ClassVar[Mapping[str, str]] = {}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Find every place where the system breaks this rule."""
        raise NotImplementedError

    def check_waivers(self, _waivers: Sequence[Waiver]) -> Iterable[Finding]:
        """Find the waivers that break this rule; only rules about waivers do."""
        return ()

    def finding(
        self,
        place: Place,
        message: str,
        *,
        fix: str,
        path: tuple[str, ...] = (),
        when: When = (),
        severity: Severity | None = None,
    ) -> Finding:
        """Make a finding; what it depends on is said at the beginning of its message."""
        path = path or (place.resource.id,)
        return Finding(self.id, severity or self.severity, place, message, show(fix), path, when)


def _conditions(when: When) -> str:
    return "If " + " and ".join(_condition(name, value) for name, value in when)


def _condition(name: str, value: object) -> str:
    name = name.rpartition("/")[2]
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} is {value}"
