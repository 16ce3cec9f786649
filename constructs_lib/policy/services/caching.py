"""The response cache of REST APIs: which methods a stage caches."""

from __future__ import annotations

from constructs_lib.limits import CACHE_TTL_DEFAULT
from constructs_lib.policy.services.rest_apis import rest_apis
from constructs_lib.policy.services.stages import is_particular, stages_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.services.rest_apis import Api, Method, MethodSetting
    from constructs_lib.policy.services.stages import Stage
    from constructs_lib.policy.values.cases import When

READS = ("GET", "HEAD", "ANY")
"""The verbs that a stage-wide setting caches: AWS names GET alone, people saw ANY cached too."""


class Cached:
    """One method that a stage caches. That the stage needs a cache cluster for it is a matter of its own (A603).

    Attributes:
        setting: the method setting that switches the cache on.
        stage_wide: whether that setting is the stage's, for every path and verb.
        when: what must hold for it.
    """

    __slots__ = ("api", "method", "setting", "stage", "when")

    def __init__(self, api: Api, stage: Stage, method: Method, setting: MethodSetting, when: When) -> None:
        self.api, self.stage, self.method, self.setting, self.when = api, stage, method, setting, when

    @property
    def stage_wide(self) -> bool:
        """Whether the setting that switches the cache on is the stage's."""
        return is_particular(self.setting) == (False, False)

    @property
    def path(self) -> tuple[str, ...]:
        """The logical ids from the API over its stage to the method."""
        return tuple(dict.fromkeys((self.api.id, self.stage.resource.id, self.method.resource.id)))


def cached_methods(graph: Graph, *verbs: str) -> Iterator[Cached]:
    """List what is cached, for some verbs; what may be cached or not is noted in the coverage."""
    for api in rest_apis(graph):
        for stage in stages_of(graph, api):
            if not may_cache(stage):
                continue
            for method in api.methods:
                if method.verb in verbs:
                    yield from _cached(graph, api, stage, method)


def may_cache(stage: Stage) -> bool:
    """Tell whether any setting of a stage says something about caching."""
    return any(not setting.value.get("CachingEnabled").is_absent for setting in stage.settings)


def _cached(graph: Graph, api: Api, stage: Stage, method: Method) -> Iterator[Cached]:
    enabled, setting = stage.says(method, "CachingEnabled")
    kept = stage.says(method, "CacheTtlInSeconds")[0].default(float(CACHE_TTL_DEFAULT)).numbers()
    graph.note_unknown(kept)
    for on, when in graph.known(enabled.flags(), given=stage.resource.when):
        for ttl in kept.cases if on else ():
            both = graph.system.together(when, ttl.when)
            if both is not None and ttl.data != 0:  # 0 s switches the cache off
                yield Cached(api, stage, method, setting, both)
