"""One resource of a stack, and the place in a file that a finding points at."""

from __future__ import annotations

from constructs_lib.policy.values.text import token
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.values.cases import When
    from constructs_lib.policy.values.stack import Stack

_PATH_KEY = "aws:cdk:path"


class Resource:
    """One resource of a stack: ``resource.get("RedrivePolicy", "maxReceiveCount")`` is what that may be."""

    __slots__ = ("id", "metadata", "properties", "raw", "stack", "type")

    def __init__(self, stack: Stack, logical_id: str, raw: dict[str, Any]) -> None:
        self.stack, self.id, self.raw = stack, logical_id, raw
        self.type: str = raw["Type"]
        properties = raw.get("Properties")
        self.properties: dict[str, Any] = properties if type(properties) is dict else {}
        metadata = raw.get("Metadata")
        self.metadata: dict[str, Any] = metadata if type(metadata) is dict else {}

    def __repr__(self) -> str:
        """Name it and its type."""
        return f"<{self.id} {self.type}>"

    @property
    def token(self) -> str:
        """The token that stands for this resource's name."""
        return token("@", f"{self.stack.index}/{self.id}")

    @property
    def active(self) -> bool:
        """False if its Condition is known not to hold: then it is not deployed."""
        name = self.raw.get("Condition")
        return not (type(name) is str and self.stack.condition(name) is False)

    @property
    def when(self) -> When:
        """The assumption under which it is deployed; empty if it always is."""
        name = self.raw.get("Condition")
        inherited = self.stack.parent.when if self.stack.parent else ()
        if type(name) is not str or name not in self.stack.formulas or self.stack.condition(name) is not None:
            return inherited
        return (*inherited, self.stack.assumption(name))

    @property
    def construct_path(self) -> str | None:
        """The path of the CDK construct that made it, or None."""
        path = self.metadata.get(_PATH_KEY)
        return path if type(path) is str else self.stack.template.construct_paths.get(self.id)

    @property
    def name(self) -> str:
        """What people call it: its construct's path inside the stack, or its logical id."""
        parts = (self.construct_path or "").split("/")[1:]
        if parts and parts[-1] in {"Resource", "Default"}:
            parts.pop()
        return "/".join(parts) or self.id

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self)

    @property
    def value(self) -> Value:
        """Its properties as one value."""
        raw = self.raw.get("Properties", {})
        return Value(self.stack.resolve(raw), Place(self), self.stack)

    def get(self, *keys: str | int) -> Value:
        """Say what a property may be, e.g. ``get("VpcConfig", "SubnetIds")``; absent ones are ABSENT."""
        return self.value.get(*keys)

    def names(self) -> Iterator[str]:
        """List the logical ids that it depends on by DependsOn."""
        depends = self.raw.get("DependsOn")
        listed = depends if type(depends) is list else [depends]
        yield from (name for name in listed if type(name) is str)


class Place:
    """A place in a template: a resource, and the path of a property in it. Its line is looked up only when shown."""

    __slots__ = ("keys", "resource")

    def __init__(self, resource: Resource, keys: tuple[str | int, ...] = ()) -> None:
        self.resource, self.keys = resource, keys

    def at(self, *keys: str | int) -> Place:
        """Go further down."""
        return Place(self.resource, self.keys + keys)

    @property
    def property_path(self) -> str:
        """The property's path as people write it: ``Integration.TimeoutInMillis``, ``Targets[0].Arn``."""
        return "".join(f"[{key}]" if type(key) is int else f".{key}" for key in self.keys).removeprefix(".")

    @property
    def file(self) -> str:
        """The file it is in."""
        return self.resource.stack.template.file

    def locate(self) -> tuple[int, int]:
        """Find line and column, from 1; of what is nearest above if the property itself is not written."""
        return self.resource.stack.template.locate(("Resources", self.resource.id, "Properties", *self.keys))
