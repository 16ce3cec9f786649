"""How a template becomes a snapshot: small, sorted, and the same on every machine.

A snapshot is read by a person who reviews a change, so it holds only the resources that its test asks for, and nothing
that moves by itself: no asset hashes, no bootstrap check, no construct paths, no content hash in a logical id.

Example::

    def test_queue(stack: Stack, snapshot: SnapshotAssertion) -> None:
        ...
        assert resources(synthesize(stack), "AWS::SQS::Queue") == snapshot
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

if TYPE_CHECKING:
    from collections.abc import Mapping

Template = dict[str, Any]

_MOVING = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "ASSET"),
    # A version or a deployment carries the hash of its content behind the eight characters of its own id.
    (re.compile(r"\b(\w+[0-9A-F]{8})[0-9a-f]{32}\b"), r"\1HASH"),
)
_CDK_METADATA = re.compile(r"aws:(cdk|asset):")


def resources(template: Mapping[str, Any], *types: str) -> Template:
    """Give the resources of the named types, or the whole template where none is named, without CDK's own furniture."""
    kept = {
        logical_id: _without_cdk_metadata(resource)
        for logical_id, resource in template["Resources"].items()
        if not types or resource["Type"] in types
    }
    missing = set(types) - {resource["Type"] for resource in kept.values()}
    assert not missing, f"no {' or '.join(sorted(missing))} in the template: the snapshot would show nothing"
    if types:
        return kept
    parameters = {k: v for k, v in template.get("Parameters", {}).items() if k != "BootstrapVersion"}
    rest = {k: v for k, v in template.items() if k not in {"Resources", "Parameters", "Rules"}}
    return {**rest, **({"Parameters": parameters} if parameters else {}), "Resources": kept}


class TemplateSnapshot(SingleFileSnapshotExtension):
    """Sorted JSON, one file per test, under ``__snapshots__`` beside it."""

    file_extension = "json"
    _write_mode = WriteMode.TEXT

    def serialize(self, data: Any, **_: Any) -> str:
        """Write the data with everything replaced that changes without a change of meaning."""
        text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
        for pattern, replacement in _MOVING:
            text = pattern.sub(replacement, text)
        return text + "\n"


def _without_cdk_metadata(resource: Mapping[str, Any]) -> Template:
    metadata = {k: v for k, v in resource.get("Metadata", {}).items() if not _CDK_METADATA.match(k)}
    rest = {k: v for k, v in resource.items() if k != "Metadata"}
    return {**rest, "Metadata": metadata} if metadata else rest
