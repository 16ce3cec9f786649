"""What CloudFormation makes before a resource: everything that it refers to or depends on, directly or not."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.values import Resource

_PLACEHOLDER = re.compile(r"\$\{([^!${}.][^${}.]*)")


def made_before(resource: Resource) -> set[str]:
    """List the logical ids of what is made before a resource of the same stack."""
    siblings = resource.stack.resources
    found: set[str] = set()
    waiting = [resource]
    while waiting:
        here = waiting.pop()
        names = {*here.names(), *referred(here.properties)} - found
        found |= names
        waiting += [siblings[name] for name in names if name in siblings]
    return found


def referred(raw: Any) -> Iterator[str]:
    """List the logical ids that functions inside some data name."""
    if type(raw) is list:
        for item in raw:
            yield from referred(item)
    elif type(raw) is dict:
        for key, item in raw.items():
            if key in {"Ref", "Fn::GetAtt"} and type(item) is str:
                yield item.partition(".")[0]
            elif key == "Fn::GetAtt" and type(item) is list and item and type(item[0]) is str:
                yield item[0]
            elif key == "Fn::Sub":
                text = item[0] if type(item) is list and item else item
                yield from _PLACEHOLDER.findall(text) if type(text) is str else ()
            yield from referred(item)
