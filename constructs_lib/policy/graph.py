"""Stage 3, model: who invokes whom, how long each waits, and what could not be followed."""

from __future__ import annotations

import re
from functools import cached_property

from constructs_lib.policy.arns import designation
from constructs_lib.policy.coverage import Coverage
from constructs_lib.policy.edge import ASYNC, POLL, SYNC, Edge, Target
from constructs_lib.policy.function import LATEST, Function
from constructs_lib.policy.settings import Settings
from constructs_lib.policy.values import Place, Resource
from constructs_lib.policy.values.cases import ABSENT, Unknown, combine
from constructs_lib.policy.values.shapes import NAME_PROPERTY
from constructs_lib.policy.values.text import referenced, show, why_all_unknown, why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator
    from typing import Any

    from constructs_lib.policy.services.rest_apis import Api
    from constructs_lib.policy.values import System, Value
    from constructs_lib.policy.values.cases import When
    from constructs_lib.policy.waivers import Waiver


class Graph:
    """The whole system: resources by type, functions, edges, and the coverage.

    Args:
        system: the stacks.
        settings: what the user set.
    """

    def __init__(self, system: System, settings: Settings | None = None) -> None:
        self.system, self.settings = system, settings or Settings()
        self.coverage = Coverage()
        self._by_type: dict[str, list[Resource]] = {}
        for resource in sorted(system.resources, key=_order):
            self._by_type.setdefault(resource.type, []).append(resource)
        for stack in system.stacks:
            for key, reason in stack.hidden.items():
                self.coverage.miss(Place(Resource(stack, key, {"Type": key})), reason)
        functions = self._by_type.get("AWS::Lambda::Function", ())
        self.functions: dict[Resource, Function] = {found: Function(self, found) for found in functions}
        self.definitions: dict[Resource, Value] = {}  # of state machines, parsed once for edges and rules
        self.apis: list[Api] = []  # REST APIs, read once for all rules about them
        self.answers: dict[Hashable, Any] = {}  # see :mod:`.once`
        self._named: dict[str, dict[str, Resource]] = {}
        self._belonging: dict[str, dict[Function, list[Resource]]] = {}
        self._naming: dict[tuple[str, ...], dict[Resource, list[Resource]]] = {}

    # Resources --------------------------------------------------------------------------------------------------

    @property
    def types(self) -> list[str]:
        """The resource types that occur."""
        return sorted(self._by_type)

    def of_type(self, *types: str) -> list[Resource]:
        """List the deployed resources of some types."""
        if len(types) == 1:
            return self._by_type.get(types[0], [])
        return [resource for kind in types for resource in self._by_type.get(kind, ())]

    def resource(self, text: Any, *types: str) -> Resource | None:
        """Find the resource that a Ref, an ARN or a name designates, of one of the types if any are given."""
        if type(text) is not str:
            return None
        for stack, logical_id in reversed(referenced(text)):
            found = self.system.stacks[stack].resources.get(logical_id)
            if found is not None and found.active and (not types or found.type in types):
                return found
        for kind in types:
            named = self.named(kind)
            found = named.get(text) or named.get(re.split("[:/]", text)[-1])
            if found is not None:
                return found
        return None

    def named(self, kind: str) -> dict[str, Resource]:
        """Index the resources of a type by the name that the template gives them."""
        if kind not in self._named:
            self._named[kind] = {}
            for resource in self.of_type(kind) if kind in NAME_PROPERTY else ():
                name = resource.get(NAME_PROPERTY[kind]).texts().only
                if type(name) is str and "\ue000?" not in name:
                    self._named[kind][name] = resource
        return self._named[kind]

    def designated(self, value: Value, *types: str) -> Resource | None:
        """Find the resource that a value designates in its only or first known case."""
        for case in value.texts().cases:
            found = self.resource(case.data, *types)
            if found is not None:
                return found
        return None

    def naming(self, named: Resource, kind: str, *properties: str) -> list[Resource]:
        """List the resources of a type that name another in one of these properties, e.g. an API's stages by RestApiId.

        Indexed at the first question, so that each of hundreds of APIs or roles need not go through what belongs to all.
        """
        key = (named.type, kind, *properties)
        if key not in self._naming:
            index = self._naming[key] = {}
            for resource in self.of_type(kind):
                values = [each for name in properties for each in _named_in(resource.get(name))]
                for found in dict.fromkeys(self.designated(value, named.type) for value in values):
                    if found is not None:
                        index.setdefault(found, []).append(resource)
        return self._naming[key].get(named, [])

    def belonging(self, kind: str) -> dict[Function, list[Resource]]:
        """Index aliases, versions and the like by the function that their FunctionName names."""
        if kind not in self._belonging:
            self._belonging[kind] = {}
            for resource in self.of_type(kind):
                for target in self.invoked(resource.get("FunctionName"), note=False):
                    self._belonging[kind].setdefault(target.function, []).append(resource)
                    break
        return self._belonging[kind]

    # Functions --------------------------------------------------------------------------------------------------

    def invoked(self, value: Value, *, note: bool = True) -> Iterator[Target]:
        """List the functions that a value designates: a name, an ARN with or without qualifier, an invocation URI.

        A value that designates something else gives nothing. One that could designate a function and cannot be
        followed gives nothing too, and is noted in the coverage with the reason.
        """
        for case in value.cases:
            if case.data is ABSENT:
                continue
            if isinstance(case.data, Unknown):
                reason: str | None = case.data.reason
            elif type(case.data) is not str:
                reason = f"a {type(case.data).__name__} stands where an ARN belongs"
            else:
                target, reason = self._target(case.data, case.when)
                if target:
                    yield target
                    continue
            if reason and note:
                self.coverage.miss(value.place, reason)

    def _target(self, text: str, when: When) -> tuple[Target | None, str | None]:
        name, qualifier, reason = designation(text)
        if name is None:
            return None, reason
        function = self._function(name)
        if function is None:
            stage_variable = "${stageVariables." in name
            reason = "a stage variable names the function" if stage_variable else why_unknown(name)
            return None, reason or f"function {show(name)} is not in the given templates"
        hops: tuple[Resource, ...] = ()
        if qualifier is not None:
            hop = function.aliases.get(qualifier) or function.versions.get(qualifier)
            hops = (hop,) if hop else ()
        return Target(function, qualifier, hops, when), None

    def _function(self, name: str) -> Function | None:
        for stack, logical_id in referenced(name):
            found = self.functions.get(self.system.stacks[stack].resources.get(logical_id))  # type: ignore[arg-type]
            if found is not None and found.resource.token == name:
                return found
        named = self.named("AWS::Lambda::Function").get(name)
        return self.functions[named] if named else None

    # Edges ------------------------------------------------------------------------------------------------------

    @cached_property
    def edges(self) -> list[Edge]:
        """Every edge of the system."""
        from constructs_lib.policy.edges import edges_of  # noqa: PLC0415 - the edge modules import this one

        found = [edge for edge in edges_of(self) if edge.may_exist]
        self.coverage.followed = len(found)
        return found

    @cached_property
    def _callers(self) -> dict[Function, list[Edge]]:
        found: dict[Function, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.function, []).append(edge)
        return found

    def edges_to(self, function: Function) -> list[Edge]:
        """List the edges that end at a function."""
        return self._callers.get(function, [])

    def edges_of(self, *kinds: str) -> list[Edge]:
        """List the edges of some kinds."""
        return [edge for edge in self.edges if edge.kind in kinds]

    @cached_property
    def waivers(self) -> list[Waiver]:
        """The waivers that the templates themselves carry."""
        from constructs_lib.policy.waivers import waivers_of  # noqa: PLC0415 - it reads the graph

        return waivers_of(self)

    # Values -----------------------------------------------------------------------------------------------------

    def known(self, *values: Value, given: When = ()) -> Iterator[tuple[Any, ...]]:
        """List what the values are together: a tuple of their data and the conditions, for every case that can happen.

        Combinations in which one is absent or unknown are left out; the unknown ones are noted in the coverage. This is
        how a rule compares numbers: ``for wait, timeout, when in graph.known(edge.wait, edge.function.timeout)``.
        """
        for datas, inner in combine([value.cases for value in values]):
            when = self.system.together(given, inner)
            if when is None:
                continue
            missing = False
            for value, data in zip(values, datas, strict=True):
                reason = data.reason if isinstance(data, Unknown) else why_all_unknown(data)
                if reason:
                    self.coverage.undecided(value.place, reason)
                missing = missing or reason is not None or data is ABSENT
            if not missing:
                yield (*datas, when)

    def absent(self, *values: Value, given: When = ()) -> Iterator[When]:
        """List the conditions under which none of the values is there; unknown ones are noted in the coverage."""
        for value in values:
            self.note_unknown(value)
        for datas, inner in combine([value.cases for value in values]):
            when = self.system.together(given, inner)
            if when is not None and all(data is ABSENT for data in datas):
                yield when

    def note_unknown(self, value: Value) -> None:
        """Note in the coverage that a rule needed a value and that some case of it is unknown."""
        if value.unknown:
            self.coverage.undecided(value.place, value.unknown)


def _named_in(value: Value) -> Iterable[Value]:
    return value.elements() if any(type(case.data) is list for case in value.cases) else (value,)


def _order(resource: Resource) -> tuple[int, str]:
    """Order resources by stack and name, so that the order in a file changes no finding."""
    return resource.stack.index, resource.id


__all__ = ["ASYNC", "LATEST", "POLL", "SYNC", "Edge", "Graph", "Target"]
