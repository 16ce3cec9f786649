"""The Parameters and Secrets extension: which build of its layer a function has attached."""

from __future__ import annotations

import re

from constructs_lib.limits import EXTENSION_LAYERS
from constructs_lib.policy.values.text import is_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from constructs_lib.policy.function import Function
    from constructs_lib.policy.values import Place, Value
    from constructs_lib.policy.values.cases import When

_LAYER = re.compile(
    r":lambda:(.*?):([0-9]{12}|[^:]*):layer:AWS-Parameters-and-Secrets-Lambda-Extension(-Arm64)?(?::(\d+))?"
)
_REGION_OF = {account: region for region, (account, _, _) in EXTENSION_LAYERS.items()}


class Layer:
    """One layer of the extension that a function has, or has in some region.

    Attributes:
        place: where the function names it.
        region: the region that its ARN is for, or None where that is known only in deployment.
        architecture: arm64 or x86_64.
        version: the layer's version, or None where it is not known.
        home: the region that its account serves, or None for an account that AWS's list does not have.
        when: what must hold for the function to have it.
    """

    __slots__ = ("architecture", "home", "place", "region", "version", "when")

    def __init__(self, place: Place, match: re.Match[str], when: When) -> None:
        self.place, self.when = place, when
        region, account, arm, version = match.groups()
        self.region = region if is_plain(region) else None
        self.home = _REGION_OF.get(account)
        self.architecture = "arm64" if arm else "x86_64"
        self.version = int(version) if version else None

    @property
    def listed(self) -> int | None:
        """The version that AWS lists for its region and architecture, or None where it lists none."""
        listed = EXTENSION_LAYERS.get(self.home or self.region or "")
        if listed is None:
            return None
        _, x86_64, arm64 = listed
        return arm64 if self.architecture == "arm64" else x86_64


def extension_layers(function: Function) -> Iterator[Layer]:
    """List the builds of the extension that a function may have attached."""
    for layer in function.resource.get("Layers").elements():
        for text, when in _texts(layer):
            match = _LAYER.search(text)
            if match:
                yield Layer(layer.place, match, when)


def _texts(layer: Value) -> Iterator[tuple[str, When]]:
    """Give what a layer's ARN may be; of a table of regions, as CDK writes one, every row."""
    for case in layer.cases:
        if type(case.data) is str:
            yield case.data, case.when
    if layer.unknown:
        yield from _rows(layer)


def _rows(layer: Value) -> Iterator[tuple[str, When]]:
    raw: Any = layer.place.resource.properties
    for key in layer.place.keys:
        known = (type(raw) is dict and key in raw) or (
            type(raw) is list and type(key) is int and key < len(raw)
        )
        raw = raw[key] if known else None
    match raw:
        case {"Fn::FindInMap": [str(name), _, str(column), *_]}:
            table = layer.place.resource.stack.mappings.get(name)
            for region, row in table.items() if type(table) is dict else ():
                if type(row) is dict and type(row.get(column)) is str:
                    yield row[column], (("AWS::Region", region),)
