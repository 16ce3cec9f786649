"""One deployment of one template: its parameters, conditions and resources, and what their properties resolve to."""

from __future__ import annotations

from constructs_lib.policy.values.across_regions import EDGE_READER, EXPORT_READER, carried
from constructs_lib.policy.values.cases import ABSENT, Case, Unknown, as_text, combine, one, unknown
from constructs_lib.policy.values.functions import FUNCTIONS
from constructs_lib.policy.values.resource import Resource
from constructs_lib.policy.values.shapes import ATTRIBUTE, REF
from constructs_lib.policy.values.text import OPEN, is_plain, mark_dynamic, token

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from constructs_lib.policy.template import Template
    from constructs_lib.policy.values.cases import Cases
    from constructs_lib.policy.values.system import System

_DEEPEST = 80  # references followed inside references; real templates stay under ten
_SELF = unknown("refers to itself")


class Stack:
    """One deployment of one template.

    Args:
        system: the system that the stack is part of; it knows the other stacks.
        index: the stack's number in the system; it makes references unique.
        template: what is deployed.
        parameters: values given from outside, by parameter name.
        parent: the AWS::CloudFormation::Stack resource that deploys this one, or None.

    Attributes:
        hidden: why some resources may not be known, by where that is written: macros, loops over unknown lists.
    """

    def __init__(
        self,
        system: System,
        index: int,
        template: Template,
        parameters: Mapping[str, Cases],
        parent: Resource | None = None,
    ) -> None:
        self.system, self.index, self.template, self.parent = system, index, template, parent
        self.given = parameters
        self.hidden = _hidden(template)
        self.depth = 0
        self.resources: dict[str, Resource] = {}
        self._memo: dict[int, Cases] = {}
        self._kept: list[Any] = []  # what the memo names by id must not be freed, or another takes its id
        self._attributes: dict[tuple[str, str], Cases] = {}
        self._conditions: dict[str, bool | None] = {}
        self._parameters: dict[str, Cases] = {}
        self.declared = _section(template, "Parameters")
        self.mappings = _section(template, "Mappings")
        self.formulas = _section(template, "Conditions")
        self.outputs = _section(template, "Outputs")
        self.resources = self._resources(_section(template, "Resources"))

    def _resources(self, section: dict[str, Any]) -> dict[str, Resource]:
        if self.template.has_loops:
            from constructs_lib.policy.values.loops import unroll  # noqa: PLC0415 - few templates have Fn::ForEach

            self.formulas = unroll(self, self.formulas)
            section, self.outputs = unroll(self, section), unroll(self, self.outputs)
            for learned in (self._memo, self._attributes, self._conditions, self._parameters):
                learned.clear()  # without knowing the resources
        return {
            name: Resource(self, name, body)
            for name, body in section.items()
            if type(body) is dict and type(body.get("Type")) is str
        }

    # Values -----------------------------------------------------------------------------------------------------

    def resolve(self, raw: Any) -> Cases:
        """Say what a value of the template may be. Lists and mappings are returned as they are, to be walked into."""
        kind = type(raw)
        if kind is str:
            return one(mark_dynamic(raw)) if "{{resolve:" in raw else (Case(raw),)
        if kind is not dict or len(raw) != 1:
            return (Case(raw),)
        (name,) = raw
        if name != "Ref" and not (type(name) is str and name.startswith("Fn::")):
            return (Case(raw),)
        known = self._memo.get(id(raw))
        if known is None:
            self._memo[id(raw)] = _SELF
            self._kept.append(raw)
            known = self._memo[id(raw)] = self._called(name, raw[name])
        return known

    def _called(self, name: str, argument: Any) -> Cases:
        if self.depth > _DEEPEST:
            return unknown(f"references nest more than {_DEEPEST} deep")
        self.depth += 1
        try:
            function = FUNCTIONS.get(name)
            return function(self, argument) if function else unknown(f"{name[:60]} is no function known here")
        finally:
            self.depth -= 1

    def texts(self, raw: Any) -> Cases:
        """Resolve to text; what is no text becomes a token that says why."""
        return tuple(Case(as_text(case.data), case.when) for case in self.resolve(raw))

    def ref(self, name: Any) -> Cases:
        """Resolve ``Ref``: a pseudo parameter, a parameter or a resource."""
        if type(name) is not str:
            return unknown(f"Ref needs a name, found a {type(name).__name__}")
        if name.startswith("AWS::"):
            return self._pseudo(name)
        if name in self.declared:
            if name not in self._parameters:
                self._parameters[name] = _SELF
                self._parameters[name] = self._parameter(name)
            return self._parameters[name]
        if name in self.resources:
            return self.attribute(name, "Ref")
        return unknown(f"Ref {name}: the template has no such parameter or resource")

    def _pseudo(self, name: str) -> Cases:
        if name == "AWS::NoValue":
            return one(ABSENT)
        known = self.template.environment.get(name)
        if known is not None:
            return one(known)
        if name in {"AWS::StackName", "AWS::StackId", "AWS::NotificationARNs"}:
            return one(token("%", f"{self.index}/{name}"))
        return one(token("%", name))

    def _parameter(self, name: str) -> Cases:
        declared = self.declared[name] if type(self.declared[name]) is dict else {}
        kind = str(declared.get("Type", "String"))
        if name in self.given:
            cases = self.given[name]
        elif kind.startswith("AWS::SSM::Parameter::"):
            return unknown(f"parameter {name} is read from the Parameter Store in deployment")
        elif str(declared.get("NoEcho")).lower() == "true":
            return unknown(f"parameter {name} is a secret (NoEcho), its default only a stand-in")
        elif "Default" in declared:
            cases = one(declared["Default"])
        else:
            return unknown(f"parameter {name} has no default")
        if "List" not in kind:
            return cases
        return tuple(Case(_listed(case.data), case.when) for case in cases)

    def attribute(self, name: str, attribute: str) -> Cases:
        """Resolve ``Fn::GetAtt``, or ``Ref`` of a resource when the attribute is "Ref"."""
        key = name, attribute
        if key not in self._attributes:
            self._attributes[key] = _SELF
            self._attributes[key] = self._attribute(name, attribute)
        return self._attributes[key]

    def _attribute(self, name: str, attribute: str) -> Cases:
        resource = self.resources.get(name)
        if resource is None:
            return unknown(f"Fn::GetAtt {name}.{attribute}: the template has no resource {name}")
        if resource.type in _QUALIFIED:
            text = self._qualified(resource, attribute)
            if text is not None:
                return text
        if resource.type in _READERS:
            return carried(self, resource, attribute)
        if attribute.startswith("Outputs.") and resource.type in {
            "AWS::CloudFormation::Stack",
            "AWS::Serverless::Application",
        }:
            return self.system.nested_output(resource, attribute.removeprefix("Outputs."))
        shapes = REF.get(resource.type) if attribute == "Ref" else ATTRIBUTE.get((resource.type, attribute))
        if shapes:
            return one(shapes.replace("{}", resource.token))
        return one(token("&", f"{self.index}/{name}.{attribute}"))

    def _qualified(self, resource: Resource, attribute: str) -> Cases | None:
        """Give the ARN of a version or an alias: its function's, with the qualifier at the end."""
        if resource.type == "AWS::Lambda::Version":
            qualifiers: Cases = one(resource.token)
            if attribute == "Version":
                return qualifiers
        else:
            qualifiers = self.texts(resource.properties.get("Name"))
        if attribute not in {"Ref", "FunctionArn", "AliasArn"}:
            return None
        functions = self.texts(resource.properties.get("FunctionName"))
        return tuple(
            Case(f"{_function_arn(datas[0])}:{datas[1]}", when)
            for datas, when in combine((functions, qualifiers))
            if type(datas[0]) is str and type(datas[1]) is str
        ) or unknown(f"the ARN of {resource.id}: more than a name stands in it")

    # Conditions -------------------------------------------------------------------------------------------------

    def condition(self, name: str) -> bool | None:
        """Decide a condition under the parameters; None if that cannot be known."""
        if name not in self._conditions:
            self._conditions[name] = None
            formula = self.formulas.get(name)
            self._conditions[name] = self.holds(formula) if type(formula) is dict else None
        return self._conditions[name]

    def holds(self, formula: Any) -> bool | None:
        """Decide a condition function: True, False, or None for cannot be known."""
        if type(formula) is not dict or len(formula) != 1:
            return None
        ((name, argument),) = formula.items()
        if name == "Condition":
            return self.condition(argument) if type(argument) is str else None
        if self.depth > _DEEPEST or type(argument) is not list:
            return None
        self.depth += 1
        try:
            return self._decided(name, argument)
        finally:
            self.depth -= 1

    def _decided(self, name: str, argument: list[Any]) -> bool | None:
        if name == "Fn::Equals" and len(argument) == 2:  # noqa: PLR2004 - two sides
            return self._equal(argument)
        parts = [self.holds(part) for part in argument]
        if name == "Fn::Not" and len(parts) == 1:
            return None if parts[0] is None else not parts[0]
        if name == "Fn::And":
            return False if False in parts else None if None in parts else True
        if name == "Fn::Or":
            return True if True in parts else None if None in parts else False
        return None

    def _equal(self, sides: list[Any]) -> bool | None:
        answers: set[bool | None] = set()
        for (left, right), _ in combine([self.texts(side) for side in sides]):
            if type(left) is not str or type(right) is not str:
                return None
            if is_plain(left) and is_plain(right):
                answers.add(left == right)
            else:
                answers.add(True if left == right and f"{OPEN}?" not in left else None)
        return answers.pop() if len(answers) == 1 else None

    def assumption(self, name: str) -> tuple[str, bool]:
        """Name what must hold for an undecided condition: a plain negation counts as its original being false."""
        wanted = True
        for _ in range(_DEEPEST):
            formula = self.formulas.get(name)
            match formula:
                case {"Fn::Not": [{"Condition": str(inner)}]}:
                    name, wanted = inner, not wanted
                case {"Condition": str(inner)}:
                    name = inner
                case _:
                    break
        return (f"{self.index}/{name}" if self.index else name), wanted


def _hidden(template: Template) -> dict[str, str]:
    """List what makes or changes resources in deployment only: macros, each with a sentence that says so."""
    transforms = template.data.get("Transform")
    names = transforms if type(transforms) is list else [transforms]
    names = [name.get("Name") if type(name) is dict else name for name in names]
    found = {
        f"Transform {name}": name for name in names if type(name) is str and name not in _KNOWN_TRANSFORMS
    }
    included = template.data["Resources"].get("Fn::Transform") if "Resources" in template.data else None
    if type(included) is dict:
        found["Fn::Transform"] = str(included.get("Name"))
    return {key: f"the macro {name} may add or change resources in deployment" for key, name in found.items()}


_KNOWN_TRANSFORMS = {"AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"}
_QUALIFIED = {"AWS::Lambda::Version", "AWS::Lambda::Alias"}
_READERS = {EDGE_READER, EXPORT_READER}
_FUNCTION_ARN = ATTRIBUTE["AWS::Lambda::Function", "Arn"]


def _function_arn(function: str) -> str:
    """Complete a function's name to its ARN; an ARN, or what is unknown, stays as it is."""
    if function.startswith(("arn:", f"{OPEN}?", f"{OPEN}&", f"{OPEN}$")):
        return function
    return _FUNCTION_ARN.replace("{}", function)


def _section(template: Template, name: str) -> dict[str, Any]:
    section = template.data.get(name)
    return section if type(section) is dict else {}


def _listed(data: Any) -> Any:
    if type(data) is str:
        return [part.strip() for part in data.split(",")]
    return data if isinstance(data, list | Unknown) else [data]
