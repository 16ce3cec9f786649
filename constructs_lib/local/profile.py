"""The local profile: what has to change in a template so that the local AWS takes it and behaves like the real one.

Pure functions on CloudFormation templates. Every change is a :class:`Change`, so that it can be shown to the person
whose template it is; :data:`NOT_ENFORCED` lists what is taken as it is and has no effect. What MiniStack drops but can
do is mended in ``serve.py`` instead, where no template has to change.

Example:
    >>> template = {"Resources": {"Acl": {"Type": "AWS::WAFv2::WebACLAssociation"}}}
    >>> local, changes = localize(template, extension_port=2773)
    >>> local, str(changes[0])
    ({'Resources': {}}, 'Acl (AWS::WAFv2::WebACLAssociation) left out: no firewall stands before the stage')
"""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from constructs_lib.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXTENSION_LAYER = "AWS-Parameters-and-Secrets-Lambda-Extension"
PORT_VARIABLE = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
_SECRET_LENGTH = 32  # botocore:secretsmanager GetRandomPassword: "If you don't include this parameter, 32"

# What MiniStack 1.5.33 refuses ("Unrecognized resource types"): type or service, and what is missing without it.
REFUSED = {
    "AWS::ApiGatewayV2::RouteResponse": "every WebSocket route sends its function's answer back, asked for or not",
    "AWS::ApplicationAutoScaling::": "provisioned concurrency and capacity stay as deployed",
    "AWS::CloudWatch::AnomalyDetector": "no anomaly band is computed",
    "AWS::CloudWatch::CompositeAlarm": "no composite alarm rings; its single alarms exist",
    "AWS::CodeDeploy::": "an alias moves to a new version at once, without canary or rollback",
    "AWS::Config::": "no compliance is recorded",
    "AWS::Lambda::CodeSigningConfig": "code signatures are not checked",
    "AWS::Logs::QueryDefinition": "no saved query exists",
    "AWS::RDS::DBProxy": "connections are not pooled",
    "AWS::Synthetics::": "no canary runs",
    "AWS::WAFv2::LoggingConfiguration": "no firewall log is written",
    "AWS::WAFv2::WebACLAssociation": "no firewall stands before the stage",
    "AWS::XRay::": "no traces are sampled or grouped",
}

# What the local AWS takes and does not enforce: feature, and what follows for whoever tests against it.
NOT_ENFORCED = (
    (
        "response cache of a stage",
        "every request reaches the function; nothing is cached, keyed or invalidated",
    ),
    (
        "provisioned concurrency",
        "reported READY, but nothing is started ahead: the first request is a cold start",
    ),
    ("SnapStart", "the restore hooks run, but init is neither saved nor shortened"),
    ("init limits", "init may take any time, and does not count against the timeout after a crash"),
    (
        "memory and CPU",
        "handlers run as plain processes: no out-of-memory end, no CPU share, other durations",
    ),
    (
        "runtime and architecture",
        "Python handlers run on the Python of this machine, whatever the template says",
    ),
    ("IAM, resource and key policies", "every call is allowed: a missing grant shows up only in AWS"),
    ("TLS-only policies", "plain HTTP on 127.0.0.1 is accepted"),
    ("VPC", "functions reach everything this machine reaches; security groups and endpoints do nothing"),
    ("WAF rules", "a web ACL is stored and blocks nothing"),
    (
        "events from SNS, EventBridge, Scheduler and IoT",
        "the function is called once: no retries, and nothing reaches a dead-letter queue",
    ),
    (
        "EventBridge Scheduler",
        "hours are UTC whatever the time zone, windows are off, <aws.scheduler...> in an input stays as it is",
    ),
    (
        "failures of stream mappings",
        "batchItemFailures are ignored; a failing batch is tried whole until it is too old, without limit",
    ),
    ("async retry waits", "1 s and 2 s between attempts instead of 1 and 2 minutes"),
    (
        "validation errors",
        "$context.error.validationErrorString is empty: the caller is not told which field it was",
    ),
    (
        "throttling and idle time of WebSocket APIs",
        "every message is let through, and a connection stands as long as its client",
    ),
    (
        "limits of Step Functions",
        "TimeoutSeconds of the whole, 5 minutes of express, 25,000 events and 256 KB of state stop nothing",
    ),
    (
        "stopped and failed map runs",
        "batches end their present task and show as failed, not aborted; there is no redrive",
    ),
    ("logs of state machines", "none are written; the history of an execution is kept"),
    ("access logs and X-Ray", "none are written; function logs are text without JSON system lines"),
    ("alarms on API Gateway metrics", "the gateway emits none, so they stay without data"),
    (
        "extension in the init phase",
        "the stand-in answers it; the real one says 400 until the first invocation",
    ),
)


@dataclass(frozen=True)
class Change:
    """One thing that the local profile changed: where, what, and why or with what consequence."""

    logical_id: str
    resource_type: str
    what: str
    why: str

    def __str__(self) -> str:
        """Give the change as one line."""
        return f"{self.logical_id} ({self.resource_type}) {self.what}: {self.why}"


def localize(template: Mapping[str, Any], *, extension_port: int) -> tuple[dict[str, Any], list[Change]]:
    """Return a copy of a template that the local AWS accepts, and what was changed in it.

    Args:
        template: a CloudFormation template, as parsed JSON; it is left as it is.
        extension_port: where the extension stand-in answers on 127.0.0.1.

    Raises:
        LocalAwsError: something that stays refers to something that has to go.
    """
    local = copy.deepcopy(dict(template))
    changes = [*_leave_out_refused(local), *_name_secrets_by_arn(local)]
    for logical_id, resource in local.get("Resources", {}).items():
        kind = resource.get("Type", "")
        if kind == "AWS::Lambda::Function":
            changes += _use_stand_in(logical_id, resource, local.get("Mappings", {}), extension_port)
        elif kind == "AWS::SecretsManager::Secret":
            changes += _give_length(logical_id, resource)
    return local, changes


def _leave_out_refused(local: dict[str, Any]) -> Iterator[Change]:
    resources = local.get("Resources", {})
    gone = {logical_id: loss for logical_id, resource in resources.items() if (loss := _loss(resource))}
    for logical_id, loss in gone.items():
        yield Change(logical_id, resources.pop(logical_id)["Type"], "left out", loss)
    if not gone:
        return
    for logical_id, resource in resources.items():
        _drop_dependencies(resource, gone)
        yield from _drop_traffic_shifting(logical_id, resource, gone)
    for name, output in list(local.get("Outputs", {}).items()):
        if references(output) & gone.keys():
            del local["Outputs"][name]
            yield Change(name, "output", "left out", "it names a resource that was left out")
    _refuse_leftovers(resources, gone)


def _loss(resource: Mapping[str, Any]) -> str | None:
    kind = resource.get("Type", "")
    return next((loss for refused, loss in REFUSED.items() if kind.startswith(refused)), None)


def _drop_dependencies(resource: dict[str, Any], gone: Mapping[str, str]) -> None:
    depends = resource.get("DependsOn")
    if depends is None:
        return
    kept = [name for name in ([depends] if isinstance(depends, str) else depends) if name not in gone]
    if kept:
        resource["DependsOn"] = kept
    else:
        del resource["DependsOn"]


def _drop_traffic_shifting(
    logical_id: str, resource: dict[str, Any], gone: Mapping[str, str]
) -> Iterator[Change]:
    shifting = resource.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate")
    if shifting is not None and references(shifting) & gone.keys():
        del resource["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        if not resource["UpdatePolicy"]:
            del resource["UpdatePolicy"]
        yield Change(logical_id, resource["Type"], "shifts all traffic at once", "CodeDeploy was left out")


def _refuse_leftovers(resources: Mapping[str, Any], gone: Mapping[str, str]) -> None:
    for logical_id, resource in resources.items():
        missing = sorted(references(resource) & gone.keys())
        if missing:
            raise LocalAwsError(
                f"{logical_id} ({resource.get('Type')}) refers to {', '.join(missing)}, which the local AWS does not "
                "have; allowed: references to what it has; fix: leave that reference out where the app is deployed "
                "locally, for instance by a context value"
            )


def references(value: Any) -> set[str]:
    """Return the logical ids and parameters that a value refers to, by Ref, Fn::GetAtt, Fn::Sub or DependsOn.

    Example:
        >>> sorted(references({"a": {"Ref": "X"}, "b": {"Fn::Sub": "${Y.Arn}/${!Z}"}}))
        ['X', 'Y']
    """
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(references, value.values()))
    if isinstance(value.get("Ref"), str):
        found.add(value["Ref"])
    attribute = value.get("Fn::GetAtt")
    if attribute:
        found.add(attribute.split(".")[0] if isinstance(attribute, str) else str(attribute[0]))
    text = value.get("Fn::Sub")
    if text:
        own = set(text[1]) if isinstance(text, list) else set()
        names = re.findall(r"\$\{([^!}.][^}.]*)", text[0] if isinstance(text, list) else text)
        found |= {name.strip() for name in names} - own
    return found


def _use_stand_in(
    logical_id: str, resource: dict[str, Any], mappings: Mapping[str, Any], port: int
) -> Iterator[Change]:
    properties = resource.get("Properties", {})
    layers = properties.get("Layers")
    if not isinstance(layers, list):
        return
    kept = [layer for layer in layers if not _is_extension(layer, mappings)]
    if len(kept) == len(layers):
        return
    properties["Layers"] = kept
    if not kept:
        del properties["Layers"]
    properties.setdefault("Environment", {}).setdefault("Variables", {})[PORT_VARIABLE] = str(port)
    why = f"a stand-in answers on 127.0.0.1:{port}"
    yield Change(logical_id, resource["Type"], "runs without the extension's layer", why)


def _is_extension(layer: Any, mappings: Mapping[str, Any]) -> bool:
    """Tell whether a layer is the extension, also where its ARN comes out of a mapping by region."""
    if EXTENSION_LAYER in json.dumps(layer):
        return True
    return any(EXTENSION_LAYER in json.dumps(mappings.get(name, {})) for name in _mappings_read(layer))


def _mappings_read(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _mappings_read(item)
    elif isinstance(value, dict):
        found = value.get("Fn::FindInMap")
        if isinstance(found, list) and found and isinstance(found[0], str):
            yield found[0]
        for item in value.values():
            yield from _mappings_read(item)


def _name_secrets_by_arn(local: dict[str, Any]) -> Iterator[Change]:
    """Ask for a secret's ARN by attribute: its Ref is the ARN in CloudFormation, and the name in MiniStack."""
    kinds = {name: resource.get("Type") for name, resource in local.get("Resources", {}).items()}
    secrets = {name for name, kind in kinds.items() if kind == "AWS::SecretsManager::Secret"}
    named: set[str] = set()
    for section in ("Resources", "Outputs"):
        if section in local:
            local[section] = _by_attribute(local[section], secrets, named)
    for name in sorted(named):
        yield Change(
            name, str(kinds[name]), "is named by its Id attribute", "MiniStack's Ref of a secret is no ARN"
        )


def _by_attribute(value: Any, secrets: set[str], named: set[str]) -> Any:
    if isinstance(value, list):
        return [_by_attribute(item, secrets, named) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("Ref") in secrets:
        named.add(value["Ref"])
        return {"Fn::GetAtt": [value["Ref"], "Id"]}
    changed = {key: _by_attribute(item, secrets, named) for key, item in value.items()}
    if "Fn::Sub" in changed:
        text, *own = changed["Fn::Sub"] if isinstance(changed["Fn::Sub"], list) else [changed["Fn::Sub"]]
        for name in secrets & references({"Fn::Sub": value["Fn::Sub"]}):
            text = text.replace("${" + name + "}", "${" + name + ".Id}")
            named.add(name)
        changed["Fn::Sub"] = [text, *own] if own else text
    return changed


def _give_length(logical_id: str, resource: dict[str, Any]) -> Iterator[Change]:
    properties = resource.get("Properties", {})
    if properties.get("GenerateSecretString") == {}:
        properties["GenerateSecretString"] = {"PasswordLength": _SECRET_LENGTH}
        yield Change(
            logical_id,
            resource["Type"],
            f"is given its {_SECRET_LENGTH} characters by name",
            "MiniStack makes an empty secret where every setting is the default",
        )
