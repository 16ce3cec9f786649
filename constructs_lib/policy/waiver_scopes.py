"""What a waiver covers: the findings that concern a resource, a construct, a template, or what matches a pattern."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs_lib.policy.rule import Finding
    from constructs_lib.policy.values.resource import Resource
    from constructs_lib.policy.values.stack import Stack

_FILES = (".json", ".yaml", ".yml", ".template")


def concerned(finding: Finding) -> list[Resource]:
    """List the resources that a finding is about: where it points, and everything on its path."""
    home = finding.place.resource
    found = [home]
    for logical_id in finding.path:
        own = home.stack.resources.get(logical_id)
        others = [stack.resources.get(logical_id) for stack in home.stack.system.stacks]
        candidates = [own] if own else [other for other in others if other]
        if len(candidates) == 1:
            found += candidates
    return found


def below(path: str | None, construct: str) -> bool:
    """Tell whether a construct is in another, or is it."""
    return path is not None and (not construct or f"{path}/".startswith(f"{construct}/"))


def in_construct(path: str) -> Callable[[Finding], bool]:
    """Cover what concerns a construct and everything in it."""
    return lambda finding: any(below(each.construct_path, path) for each in concerned(finding))


def on_resource(resource: Resource) -> Callable[[Finding], bool]:
    """Cover what concerns a resource."""
    return lambda finding: any(each is resource for each in concerned(finding))


def in_template(stack: Stack) -> Callable[[Finding], bool]:
    """Cover everything in a template and in those that it nests."""

    def covers(finding: Finding) -> bool:
        above: Stack | None = finding.place.resource.stack
        while above is not None and above is not stack:
            above = above.parent.stack if above.parent else None
        return above is stack

    return covers


def matching(scope: str, folder: str) -> Callable[[Finding], bool]:
    """Cover what matches a scope of the settings, whose file is in this folder."""
    from fnmatch import fnmatchcase  # noqa: PLC0415 - only waivers need it

    file, _, name = scope.rpartition("::")
    if not file and name.endswith(_FILES):
        file, name = name, ""

    def is_there(resource: Resource) -> bool:
        given = resource.stack.template.file
        spellings = {given, os.path.relpath(given, folder)}
        return not file or any(fnmatchcase(each.replace(os.sep, "/"), file) for each in spellings)

    def is_named(resource: Resource) -> bool:
        path = resource.construct_path or ""
        if "/" in name:
            return fnmatchcase(path, name) or fnmatchcase(path, f"{name}/*")
        return not name or fnmatchcase(resource.id, name)

    return lambda finding: any(is_there(each) and is_named(each) for each in concerned(finding))
