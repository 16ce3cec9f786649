"""Usage plans: what they limit, for whom, and which stages have no throttle of any kind."""

from __future__ import annotations

from constructs_lib.policy.services.callers import needs_api_key
from constructs_lib.policy.services.rest_apis import rest_apis
from constructs_lib.policy.services.stages import stages_of
from constructs_lib.policy.services.throttles import RATE, has_throttle, throttled_by
from constructs_lib.policy.values.text import why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.services.rest_apis import Api, Method
    from constructs_lib.policy.services.throttles import Throttle
    from constructs_lib.policy.values import Resource, Value

_API = "AWS::ApiGateway::RestApi"


class Plan:
    """One usage plan.

    Attributes:
        apis: the APIs of its stages, as far as they are in the given templates.
        limits: which limits it sets: "Throttle", "Quota", or "ApiStages" for those of single stages.
    """

    def __init__(self, graph: Graph, resource: Resource) -> None:
        self._graph, self.resource = graph, resource
        self._stages = list(resource.get("ApiStages").elements())
        found = [graph.designated(each.get("ApiId"), _API) for each in self._stages]
        self.apis = [api for api in rest_apis(graph) if api.resource in found]
        self.limits = [name for name in ("Throttle", "Quota") if _says_anything(resource.get(name))]
        if any(_says_anything(each.get("Throttle")) for each in self._stages):
            self.limits.append("ApiStages")

    def wants_key(self, api: Api | None = None) -> bool | None:
        """Tell whether a method behind the plan (or of one API) asks for a key; None, noted, if that is not known."""
        coverage, unknown = self._graph.coverage, False
        if len(self.apis) < len(self._stages) and api is None:
            ids = {self._graph.designated(each.get("ApiId"), _API) for each in self._stages}
            unknown = None in ids
        for each in [api] if api else self.apis:
            if each.hidden or not each.methods:
                coverage.undecided(
                    each.resource.place, each.hidden or "its methods are not in the given templates"
                )
                unknown = True
            for method in each.methods:
                needs = needs_api_key(each, method)
                if needs is True or (
                    not isinstance(needs, bool) and any(c.data is True for c in needs.cases)
                ):
                    return True
                if not isinstance(needs, bool) and needs.unknown:
                    self._graph.note_unknown(needs)
                    unknown = True
        return None if unknown or not self.apis else False

    def throttles(self, stage: Resource, api: Api) -> bool:
        """Tell whether the plan throttles, or may throttle, the callers of a stage."""
        return (
            any(self._means(each.get("Stage"), stage) for each in self._stages)
            and any(name != "Quota" for name in self.limits)
            and self.wants_key(api) is not False
        )

    def _means(self, named: Value, stage: Resource) -> bool:
        """Tell whether a plan's stage is this one, by reference or by name, or may be."""
        found = self._graph.designated(named)
        if found is not None:
            return found is stage
        said, names = named.texts().only, [case.data for case in stage.get("StageName").texts().cases]
        return said is None or why_unknown(said) is not None or said in names


def usage_plans(graph: Graph) -> list[Plan]:
    """List the usage plans."""
    return [Plan(graph, resource) for resource in graph.of_type("AWS::ApiGateway::UsagePlan")]


def throttles_of_plans(graph: Graph) -> Iterator[Throttle]:
    """List the rates that plans grant to each single key, where a method asks for one and its stage sets no rate."""
    for plan in usage_plans(graph):
        rate = plan.resource.get("Throttle", "RateLimit")
        for api in plan.apis if not rate.is_absent else ():
            keyed = [method for method in api.methods if _asks_for_key(api, method)]
            for stage in stages_of(graph, api):
                for method in keyed if plan.throttles(stage.resource, api) else ():
                    if stage.says(method, RATE)[0].is_absent:
                        label = f"{method.label} with one key of {plan.resource.name}"
                        yield from throttled_by(graph, rate, label, api, stage.resource, method)


def _asks_for_key(api: Api, method: Method) -> bool:
    needs = needs_api_key(api, method)
    return needs if isinstance(needs, bool) else needs.only is True


def unthrottled_stages(graph: Graph, plans: Sequence[Plan]) -> Iterator[tuple[Resource, Resource]]:
    """List the stages of which no setting and no plan throttles anybody, each with its API."""
    for api in rest_apis(graph):
        for stage in stages_of(graph, api):
            covered = any(plan.throttles(stage.resource, api) for plan in plans)
            if not covered and _sets_none(graph, stage.value, "MethodSettings"):
                yield api.resource, stage.resource
    for resource in graph.of_type("AWS::ApiGatewayV2::Stage"):
        found = graph.designated(resource.get("ApiId"), "AWS::ApiGatewayV2::Api")
        if found is not None and _sets_none(graph, resource.value, "DefaultRouteSettings", "RouteSettings"):
            yield found, resource


def _sets_none(graph: Graph, stage: Value, *names: str) -> bool:
    """Tell whether it is known that none of a stage's settings throttles."""
    settings = [stage, *(stage.get(name) for name in names)]
    for value in settings:
        graph.note_unknown(value)
    return not any(value.unknown for value in settings) and not has_throttle(stage)


def _says_anything(value: Value) -> bool:
    return any(type(case.data) is dict and case.data for case in value.cases)
