"""Stage 6, waive: findings that somebody accepts, with rule, scope, reason and, if they like, a last day.

=================  ==================================================  ===========================================
written in         looks like                                          covers findings that concern
=================  ==================================================  ===========================================
CDK                ``Validations.of(x).acknowledge(                    the construct and everything in it
                   Acknowledgment(id="constructs-lib::T101", ...))``
a resource's       ``constructs-lib: {waive: [{rule: T101, reason:     that resource; for an API all of its routes
Metadata           ..., expires: 2027-03-31}]}``
a template's       the same                                            everything in that template
Metadata
settings           ``[[tool.constructs_lib.waivers]]`` with ``rule``,  what matches ``scope``, see below
                   ``scope``, ``reason``, ``expires``
=================  ==================================================  ===========================================

A finding concerns every resource on its path, so a waiver on either end of a call accepts it. A scope in the settings is a
logical id (``Orders``), a construct path with everything below it (``Shop-prod/Orders``), a file (``legacy/*.yaml``), or
``file::logical id``; ``*`` and ``?`` are wildcards.

``expires`` is the last day on which a waiver holds. An expired waiver accepts nothing and is a finding itself (V001), one
that says no reason or names no rule is refused (V002), and one that accepts nothing is reported (V003); in settings the
second is an error. An acknowledgement on the CDK app itself is in no file of the assembly: only the CDK plugin sees it.
"""

from __future__ import annotations

import os

from constructs_lib.errors import SettingsError
from constructs_lib.policy.settings import check_rule, unknown_key
from constructs_lib.policy.values.resource import Place, Resource
from constructs_lib.policy.waiver_scopes import below, in_construct, in_template, matching, on_resource
from constructs_lib.timeouts.carriers import METADATA_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.rule import Finding
    from constructs_lib.policy.values.stack import Stack

PLUGIN = "constructs-lib"  # CDK users acknowledge constructs-lib::T101
_MISTAKEN = (
    "Annotation",
    "constructs_lib",
    "ConstructsLib",
    "Constructs-Lib",
)  # CDK puts the first before a bare id
_KEYS = ("rule", "reason", "expires")


class Waiver:
    """A rule whose findings are accepted in some scope.

    Attributes:
        rule: the rule's id.
        scope: what it covers, in the words of who wrote it.
        reason: why the finding is accepted.
        expires: the last day on which it holds, as ``2027-03-31``; None if it holds for good.
        place: where it is written.
        problem: why it is refused, or None.
        construct: the path of the construct that CDK's ``acknowledge`` was called on, or None.
        used: whether any finding is in its scope.
    """

    __slots__ = ("construct", "covers", "expires", "place", "problem", "reason", "rule", "scope", "used")

    def __init__(
        self,
        entry: dict[str, Any],
        scope: str,
        place: Place,
        covers: Callable[[Finding], bool],
        *,
        problem: str | None = None,
        construct: str | None = None,
    ) -> None:
        self.rule, self.reason = str(entry.get("rule")), str(entry.get("reason", "")).strip()
        self.expires = None if problem or "expires" not in entry else _day(entry["expires"])
        self.scope, self.place, self.covers = scope, place, covers
        self.problem, self.construct, self.used = problem, construct, False

    def __repr__(self) -> str:
        """Show rule and scope."""
        return f"<Waiver {self.rule} {self.scope}>"

    @property
    def expired(self) -> bool:
        """Whether its last day has passed (in UTC)."""
        if self.expires is None:
            return False
        from datetime import UTC, datetime  # noqa: PLC0415 - few waivers expire

        return self.expires < datetime.now(UTC).date().isoformat()


def accept(finding: Finding, waivers: Iterable[Waiver]) -> None:
    """Mark a finding as waived if a waiver covers it; every waiver that could is counted as used."""
    for waiver in waivers:
        if waiver.rule != finding.rule or waiver.problem or not waiver.covers(finding):
            continue
        waiver.used = True
        if not waiver.expired and finding.waived is None:
            finding.waived, finding.waived_by = waiver.reason, waiver


class WaiverPlace(Place):
    """Where a waiver is written: not among a resource's properties, so it has a way of its own to its line."""

    __slots__ = ("path",)

    def __init__(
        self, resource: Resource, keys: tuple[str | int, ...], path: tuple[str | int, ...] | int
    ) -> None:
        super().__init__(resource, keys)
        self.path = path

    def locate(self) -> tuple[int, int]:
        """Find line and column, from 1."""
        if isinstance(self.path, int):
            return self.path, 1
        return self.resource.stack.template.locate(self.path)


# From templates -------------------------------------------------------------------------------------------------


def waivers_of(graph: Graph) -> list[Waiver]:
    """List the waivers that the templates of a system carry."""
    found: list[Waiver] = []
    for stack in graph.system.stacks:
        template = stack.template
        for path, rules in template.acknowledged.items():
            found += _acknowledged(stack, path, rules)
        about = template.data.get("Metadata")
        whole = Resource(stack, os.path.basename(template.file), {"Type": "template"})
        for index, entry in enumerate(_waive(about)):
            keys = ("Metadata", METADATA_KEY, "waive", index)
            found.append(_written(entry, template.file, WaiverPlace(whole, keys, keys), in_template(stack)))
        for resource in stack.resources.values():
            if METADATA_KEY not in resource.metadata or not resource.active:
                continue
            for index, entry in enumerate(_waive(resource.metadata)):
                keys = ("Metadata", METADATA_KEY, "waive", index)
                place = WaiverPlace(resource, keys, ("Resources", resource.id, *keys))
                found.append(_written(entry, resource.id, place, on_resource(resource)))
    return found


def _waive(metadata: object) -> list[object]:
    ours = metadata.get(METADATA_KEY) if type(metadata) is dict else None
    entries = ours.get("waive", []) if type(ours) is dict else []
    return entries if type(entries) is list else [entries]


def _written(entry: object, scope: str, place: Place, covers: Callable[[Finding], bool]) -> Waiver:
    problem = _problem(entry, _KEYS)
    return Waiver(entry if type(entry) is dict else {}, scope, place, covers, problem=problem)


def _acknowledged(stack: Stack, path: str, rules: dict[str, str]) -> Iterator[Waiver]:
    inside = [each for each in stack.resources.values() if below(each.construct_path, path)]
    made = Resource(stack, path.rpartition("/")[2], {"Type": "construct", "Metadata": {"aws:cdk:path": path}})
    home = inside[0] if inside else made
    place = WaiverPlace(home, (), ("Resources", home.id))
    for name, reason in rules.items():
        prefix, _, rule = name.partition("::")
        entry = {"rule": rule, "reason": reason}
        problem = _problem(entry, _KEYS)
        if prefix != PLUGIN:
            if problem or prefix not in _MISTAKEN:
                continue
            problem = f"rule: got {name!r}, which CDK does not connect with {PLUGIN}; fix: acknowledge {PLUGIN}::{rule}"
        covers = in_construct(path)
        yield Waiver(entry, path or "the app", place, covers, problem=problem, construct=path)


# From settings --------------------------------------------------------------------------------------------------


def from_settings(entries: object, file: str) -> list[Waiver]:
    """Make waivers of the tables in a settings file.

    Raises:
        SettingsError: a table that lacks something, or holds what is not accepted.
    """
    if type(entries) is not list:
        raise SettingsError("waivers: got no list; allowed: [[waivers]] tables; fix: write [[waivers]]")
    from constructs_lib.policy.template import Template  # noqa: PLC0415 - only a place to point at
    from constructs_lib.policy.values import System  # noqa: PLC0415

    with open(file, encoding="utf-8") as source:
        text = source.read()
    stack = System([Template(file, text, {"Resources": {}}, "toml")]).stacks[0]
    found = []
    for index, entry in enumerate(entries):
        problem = _problem(entry, (*_KEYS, "scope"))
        if problem:
            raise SettingsError(f"waivers[{index}].{problem}")
        resource = Resource(stack, entry["scope"], {"Type": "settings"})
        place = WaiverPlace(resource, ("waivers", index), _line_of(text, index))
        covers = matching(entry["scope"], os.path.dirname(os.path.abspath(file)))
        found.append(Waiver(entry, entry["scope"], place, covers))
    return found


def _line_of(text: str, index: int) -> int:
    """Find the header of the n-th table; 1 if the waivers are written in another form."""
    lines = enumerate(text.splitlines(), start=1)
    headers = [number for number, line in lines if line.replace(" ", "").split("#")[0].endswith("waivers]]")]
    return headers[index] if index < len(headers) else 1


def _problem(entry: object, keys: tuple[str, ...]) -> str | None:
    """Say why what somebody wrote is no waiver, or None if it is one."""
    try:
        _check(entry, keys)
    except SettingsError as error:
        return str(error)
    return None


def _check(entry: object, keys: tuple[str, ...]) -> None:
    if type(entry) is not dict:
        raise SettingsError(f"waive: got {entry!r}; allowed: {', '.join(keys)}; fix: write them as a mapping")
    for key in entry:
        if key not in keys:
            raise SettingsError(unknown_key(str(key), keys))
    rule = str(entry.get("rule"))
    check_rule("rule", rule)
    if rule.startswith("V"):
        raise SettingsError(
            f"rule: got {rule}; allowed: a rule about the system; fix: mend that waiver itself"
        )
    for key, what in (("reason", "why"), ("scope", "where")):
        value = entry.get(key)
        if key in keys and not (type(value) is str and value.strip()):
            got = "none" if key not in entry else repr(value)
            raise SettingsError(f"{key}: got {got}; allowed: text; fix: say {what} this is accepted")
    if "scope" in keys and not entry["scope"].strip("*/:"):
        scope, off = entry["scope"], f'severities.{rule} = "off"'
        raise SettingsError(
            f"scope: got {scope!r}; allowed: a part of the system; fix: name it, or set {off}"
        )
    if "expires" in entry and _day(entry["expires"]) is None:
        raise SettingsError(f"expires: got {entry['expires']!r}; allowed: a day; fix: write it as 2027-03-31")


def _day(value: object) -> str | None:
    """Read a day: TOML has a type for it, JSON and YAML give text."""
    from datetime import date  # noqa: PLC0415 - few waivers expire

    try:
        return date.fromisoformat(str(value)[:10] if isinstance(value, date) else str(value)).isoformat()
    except ValueError:
        return None
