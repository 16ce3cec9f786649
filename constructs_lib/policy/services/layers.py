"""The layers of a function: what each was built for, as far as the templates and their names tell."""

from __future__ import annotations

import re

from constructs_lib.policy.services.extension import extension_layers
from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Place, Resource
    from constructs_lib.policy.values.cases import When

_ARCHITECTURE = re.compile(r"(?i)[-_](arm64|x86[-_]64|x86|amd64)(?![a-z0-9])")
_LANGUAGE = re.compile(r"^(python|nodejs|java|dotnet|ruby)")


class Layer:
    """One layer of a function.

    Attributes:
        name: what people call it.
        place: where the function names it.
        resource: the layer, if it is in the given templates.
        architectures: those that it was built for; empty if that is not known.
        runtimes: those that it says it is compatible with; empty if that is not known.
        languages: those that it was built for, without versions; empty if that is not known.
        when: what must hold for the function to have it.
    """

    __slots__ = ("architectures", "languages", "name", "place", "resource", "runtimes", "when")

    def __init__(self, text: str, place: Place, resource: Resource | None, when: When) -> None:
        self.place, self.resource, self.when = place, resource, when
        self.name = resource.name if resource else show(text.partition(":layer:")[2] or text)
        self.architectures = _said(resource, "CompatibleArchitectures") or _named(text)
        self.runtimes = _said(resource, "CompatibleRuntimes")
        languages = {language_of(runtime) for runtime in self.runtimes}
        self.languages = {language for language in languages if language} if None not in languages else set()


def layers_of(graph: Graph, function: Function) -> Iterator[Layer]:
    """List a function's layers but the Parameters and Secrets extension, which has rules of its own."""
    extension = {layer.place.keys for layer in extension_layers(function)}
    for value in function.resource.get("Layers").elements():
        for case in value.texts().cases if value.place.keys not in extension else ():
            if isinstance(case.data, str):
                resource = graph.resource(case.data, "AWS::Lambda::LayerVersion")
                yield Layer(case.data, value.place, resource, case.when)


def language_of(runtime: str) -> str | None:
    """Give a runtime's language without its version; None for a custom one."""
    found = _LANGUAGE.match(runtime)
    return found[1] if found else None


def _said(layer: Resource | None, key: str) -> set[str]:
    """List what a layer says it is compatible with; nothing if some of it is not known."""
    texts = [value.only for value in layer.get(key).elements()] if layer else []
    return set(texts) if all(type(text) is str for text in texts) else set()


def _named(arn: str) -> set[str]:
    """Read the architecture from the name of a published layer: ``...-python313-arm64``."""
    found = _ARCHITECTURE.search(arn)
    return {"arm64" if "arm" in found[1].lower() else "x86_64"} if found else set()
