"""Stage 2, resolve: from what a template says to what a value may be.

``cases``      Case, Unknown, ABSENT: a value is a few cases, each known or unknown, each under its conditions
``text``       text whose unknown parts stay visible
``shapes``     what Ref and GetAtt return, by resource type
``functions``  CloudFormation's functions
``loops``      Fn::ForEach
``stack``      one deployment of a template: parameters, conditions, resources
``system``     the stacks together: nested stacks, exports and imports
``resource``   one resource, and places to point at
``value``      a value with its place: what rules read

Nothing here raises on the content of a template, and nothing unknown is ever treated as absent or as the default.
"""

from __future__ import annotations

from constructs_lib.policy.values.cases import ABSENT, Case, Unknown
from constructs_lib.policy.values.resource import Place, Resource
from constructs_lib.policy.values.system import System
from constructs_lib.policy.values.value import Value

__all__ = ["ABSENT", "Case", "Place", "Resource", "System", "Unknown", "Value"]
