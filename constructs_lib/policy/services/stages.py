"""Stages of REST APIs: what each sets for which methods, as a resource or as part of the deployment that makes it."""

from __future__ import annotations

from constructs_lib.policy.services.rest_apis import MethodSetting
from constructs_lib.policy.values.cases import ABSENT, Unknown, one
from constructs_lib.policy.values.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.services.rest_apis import Api, Method
    from constructs_lib.policy.values import Resource


class Stage:
    """One stage: ``value`` is an AWS::ApiGateway::Stage's properties, or the StageDescription of a deployment.

    ``settings`` are its method settings, the more general ones first. What a StageDescription says beside them counts
    for every method.
    """

    __slots__ = ("resource", "settings", "value")

    def __init__(self, resource: Resource, value: Value) -> None:
        self.resource, self.value = resource, value
        entries = [MethodSetting(each) for each in value.get("MethodSettings").elements()]
        entries.sort(key=is_particular)
        self.settings = [MethodSetting.stage_wide(value), *entries]

    def says(self, method: Method, name: str) -> tuple[Value, MethodSetting]:
        """Read what counts for a method, e.g. ``CachingEnabled``, and the setting that says it; ABSENT if none does.

        A method's own entry replaces a more general one as a whole, but tools write only what they mean to change, so
        what it leaves out is unknown where the general one says something.
        """
        covering = [setting for setting in self.settings if setting.covers(method)]
        saying = [setting for setting in covering if not setting.value.get(name).is_absent]
        last = (saying or covering)[-1]
        value = last.value.get(name)
        if not saying:
            return Value(one(ABSENT), value.place, None), last
        if last is not covering[-1]:
            reason = f"the setting of {method.label} leaves out {name}, which the stage's sets"
            return Value(one(Unknown(reason)), covering[-1].value.place, None), last
        return value, last


def is_particular(setting: MethodSetting) -> tuple[bool, bool]:
    """Tell whether a setting names a path, and whether it names a verb; stage-wide settings name neither."""
    return setting.path != "/*", setting.verb != "*"


def stages_of(graph: Graph, api: Api) -> list[Stage]:
    """List an API's stages; a deployment that names one makes it, unless a stage of its own uses the deployment."""
    used = {graph.designated(resource.get("DeploymentId")) for resource in api.stages}
    makers = [each for each in api.deployments if each not in used and not each.get("StageName").is_absent]
    return [
        *(Stage(resource, resource.value) for resource in api.stages),
        *(Stage(deployment, deployment.get("StageDescription")) for deployment in makers),
    ]
