"""Where a SAM template says what its transform wrote out: findings point at the line that somebody can change."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Path = tuple[str | int, ...]

_MADE_FROM = {"Alias": "AutoPublishAlias", "Version": "AutoPublishAlias", "Url": "FunctionUrlConfig"}
_RENAMED = {"DefinitionString": "Definition", "Body": "DefinitionBody", "DeadLetterConfig": "DeadLetterQueue"}
_IMPLICIT = {"ServerlessRestApi": "Api", "ServerlessHttpApi": "HttpApi"}
_SHARED = {"Function", "Api", "HttpApi", "SimpleTable", "StateMachine"}


def origin(source: dict[str, Any], path: Path) -> Path:
    """Turn a path in the transformed template into one in the template as it was written.

    Args:
        source: the template before its transform.
        path: e.g. ``("Resources", "ServerlessRestApi", "Properties", "Body", "paths", "/orders", "get")``, which came
            from the event of a function.
    """
    if len(path) < 2 or path[0] != "Resources":  # noqa: PLR2004 - section and logical id
        return path
    resources, name, keys = source["Resources"], str(path[1]), path[3:]
    event = _event_of_route(source, keys)
    if event:
        return (*event, "Properties", *_last_if(keys, "timeoutInMillis", "TimeoutInMillis"))
    if name in resources:
        return _written(source, name, keys)
    owners = [each for each in resources if name.startswith(each)]
    if owners:
        return _made_from(resources, max(owners, key=len), name, keys)
    kind = next((kind for prefix, kind in _IMPLICIT.items() if name.startswith(prefix)), None)
    if kind is None:
        return ("Resources",)
    events = [where for where, event in _events(source) if event.get("Type") == kind]
    return ("Globals", kind) if kind in _mapping(source, "Globals") else (events or [("Resources",)])[0]


def _written(source: dict[str, Any], name: str, keys: Path) -> Path:
    """Find a property in the resource itself, under the name that SAM has for it, or in the Globals."""
    resource = source["Resources"][name]
    properties = _mapping(resource, "Properties")
    if not keys or keys[0] in properties:
        return ("Resources", name, "Properties", *keys)
    kind = str(resource.get("Type") if type(resource) is dict else "").rpartition("::")[2]
    key = _RENAMED.get(str(keys[0]), keys[0])
    if key not in properties and kind in _SHARED and key in _mapping(source, "Globals", kind):
        return ("Globals", kind, key, *keys[1:])
    return ("Resources", name, "Properties", key, *keys[1:])


def _made_from(resources: dict[str, Any], owner: str, name: str, keys: Path) -> Path:
    """Find the event, or the property, of a resource that made another one beside it."""
    rest = name.removeprefix(owner)
    properties = _mapping(resources[owner], "Properties")
    events = [event for event in _mapping(properties, "Events") if rest.startswith(event)]
    if events:
        return ("Resources", owner, "Properties", "Events", max(events, key=len), "Properties", *keys)
    key = next((key for prefix, key in _MADE_FROM.items() if rest.startswith(prefix)), rest)
    return ("Resources", owner, "Properties", *([key] if key in properties else keys))


def _event_of_route(source: dict[str, Any], keys: Path) -> Path | None:
    """Find the event that made a route of a generated OpenAPI body."""
    if keys[:2] != ("Body", "paths") or len(keys) < 4:  # noqa: PLR2004 - path and method
        return None
    method = str(keys[3]).replace("x-amazon-apigateway-any-method", "any")
    for where, event in _events(source):
        said = _mapping(event, "Properties")
        if said.get("Path") == keys[2] and str(said.get("Method", "any")).lower() == method:
            return where
    return None


def _events(source: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name, resource in source["Resources"].items():
        for event, body in _mapping(resource, "Properties", "Events").items():
            if type(body) is dict:
                yield ("Resources", name, "Properties", "Events", event), body


def _last_if(keys: Path, made: str, written: str) -> Path:
    return (written,) if keys[-1] == made else ()


def _mapping(data: Any, *keys: str) -> dict[str, Any]:
    for key in keys:
        data = data.get(key) if type(data) is dict else None
    return data if type(data) is dict else {}
