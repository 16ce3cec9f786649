"""What CDK carries from a stack in one region to a stack in another, with custom resources and SSM parameters."""

from __future__ import annotations

from constructs_lib.policy.values.cases import under, unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.values.cases import Cases
    from constructs_lib.policy.values.resource import Resource
    from constructs_lib.policy.values.stack import Stack

EDGE_READER = "Custom::CrossRegionStringParameterReader"  # of cloudfront.experimental.EdgeFunction
EXPORT_READER, _EXPORT_WRITER = "Custom::CrossRegionExportReader", "Custom::CrossRegionExportWriter"


def carried(stack: Stack, reader: Resource, attribute: str) -> Cases:
    """Resolve an attribute of one of CDK's readers: what was written under that name in any of the given templates."""
    if reader.type == EXPORT_READER:
        return _written(stack, attribute)
    names = stack.texts(reader.properties.get("ParameterName"))
    return tuple(found for case in names for found in under(case.when, _written(stack, case.data)))


def _written(reader: Stack, name: str) -> Cases:
    for stack in reader.system.stacks:
        for resource in stack.resources.values():
            properties = resource.properties
            if resource.type == "AWS::SSM::Parameter" and properties.get("Name") == name:
                return stack.resolve(properties.get("Value"))
            written = properties.get("WriterProps") if resource.type == _EXPORT_WRITER else None
            exports = written.get("exports") if type(written) is dict else None
            if type(exports) is dict and name in exports:
                return stack.resolve(exports[name])
    return unknown(f"{name[:100]} is written in another region, by no given template")
