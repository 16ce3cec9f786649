"""Planted faults: one good system, and bad twins of it, each with one value changed.

After the change two resources of the system no longer fit together. A checker finds a fault if it reports something on the bad twin that it does not report on the good
one. What ours reports on the good one is a false alarm.
"""

from __future__ import annotations

import copy
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bench import checkers
from bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.checkers import Findings

SHOP = Path(__file__).parent / "shop"
GOOD = "good"
UNSET = object()
System = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Fault:
    """One value to plant, and the rule of ours that has to find it."""

    what: str
    rule: str
    at: str
    value: Any
    template: str = "shop"

    @property
    def keys(self) -> list[str | int]:
        """The path of the value, below Resources."""
        return [int(key) if key.isdigit() else key for key in self.at.split("/")]


def _function(name: str) -> str:
    return f"{name}/Properties/Timeout"


FAULTS = (
    Fault("function behind an alias outlasts its REST method", "T101", _function("Orders"), 60),
    Fault("function outlasts a REST method without a timeout of its own", "T101", _function("Checkout"), 30),
    Fault("function outlasts its HTTP API integration", "T101", _function("Webhook"), 25),
    Fault("cold start and timeout do not fit the REST method", "T102", "GetOrders/Properties/Integration/TimeoutInMillis", 12000),
    Fault("REST method waits longer than a Regional API may", "T103", "GetOrders/Properties/Integration/TimeoutInMillis", 60000),
    Fault("function outlasts the Cognito trigger", "T105", _function("SignUp"), 10),
    Fault("inner function outlasts the one that waits for it", "T106", _function("Prices"), 25),
    Fault("function behind an API left to the default timeout", "T109", _function("Webhook"), UNSET),
    Fault("provider outlasts its custom resource", "T107", "Schema/Properties/ServiceTimeout", 30),
    Fault("API outlasts the CDN in front of it", "T108", "Site/Properties/DistributionConfig/Origins/0/CustomOriginConfig/OriginReadTimeout", 15),
    Fault("declared client outlasts its function", "T110", "Orders/Metadata/constructs-lib/calls/table/read", 60),
    Fault("init takes longer than the function may run", "I201", _function("Prices"), 2),
    Fault("extension's layer is of another architecture", "I205", "Ledger/Properties/Architectures/0", "x86_64"),
    Fault("queue hands out again before the worker's timeout", "Q301", "Jobs/Properties/VisibilityTimeout", 10),
    Fault("same, by the default of 30 s", "Q301", "Jobs/Properties/VisibilityTimeout", UNSET),
    Fault("same, queue in another stack", "Q301", "Imports/Properties/VisibilityTimeout", 10, "queues"),
    Fault("same, mapping names the function and no alias", "Q301", "Thumbnails/Properties/VisibilityTimeout", 10),
    Fault("visibility between one and six times the timeout", "Q302", "Jobs/Properties/VisibilityTimeout", 60),
    Fault("batch window forgotten in the visibility", "Q302", "JobsMapping/Properties/MaximumBatchingWindowInSeconds", 300),
    Fault("DLQ forgets as early as its source", "Q305", "FailedJobs/Properties/MessageRetentionPeriod", 86400),
    Fault("mapping's concurrency over the function's reserve", "Q309", "JobsMapping/Properties/ScalingConfig/MaximumConcurrency", 50),
    Fault("workflow task gives up before its function", "W402", "Fulfil/Properties/Definition/States/Charge/TimeoutSeconds", 5),
    Fault("API bypasses the alias with warm capacity", "C501", "GetOrders/Properties/Integration/Uri/Fn::Join/1/3", {"Fn::GetAtt": ["Orders", "Arn"]}),
    Fault("reserve below the warm capacity", "C502", "Orders/Properties/ReservedConcurrentExecutions", 1),
    Fault("throttle lets more through than the reserve takes", "C504", "Stage/Properties/MethodSettings/1/ThrottlingRateLimit", 200),
    Fault("schedule scales warm capacity to zero", "C506", "OrdersScaling/Properties/MinCapacity", 0),
    Fault("warmer invokes another qualifier than the callers", "C507", "OrdersWarmer/Properties/Targets/0/Arn", {"Fn::GetAtt": ["Orders", "Arn"]}),
    Fault("usage plan throttles, no method asks for a key", "C508", "PostOrders/Properties/ApiKeyRequired", False),
    Fault("cached answer is shared by all callers", "A601", "GetOrders/Properties/Integration/CacheKeyParameters", []),
    Fault("deployment does not wait for a method", "A608", "Deployment/DependsOn", ["GetOrders"]),
    Fault("failure destination on a qualifier nobody invokes", "D701", "NotifyFailures/Properties/Qualifier", "$LATEST"),
    Fault("failure destination's key is not granted", "D703", "NotifyPolicy/Properties/PolicyDocument/Statement/1/Resource", "arn:aws:kms:eu-west-1:111111111111:key/other"),
    Fault("isolated function without an endpoint for its secrets", "S805", "Endpoint/Properties/ServiceName/Fn::Join/1/2", ".sqs"),
)  # fmt: skip


def good_system() -> System:
    """Read the system in which everything fits."""
    return {
        file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(SHOP.glob("*.yaml"))
    }


def planted(fault: Fault, good: System) -> System:
    """Make the bad twin: the good system, with one value changed or taken out."""
    bad = copy.deepcopy(good)
    *way, last = fault.keys
    holder: Any = bad[fault.template]["Resources"]
    for key in way:
        holder = holder[key]
    if fault.value is UNSET:
        del holder[last]
    else:
        holder[last] = fault.value
    return bad


def figures() -> Iterator[Figure]:
    """Run every checker on the good system and all its twins."""
    with tempfile.TemporaryDirectory() as directory:
        systems, templates = Path(directory, "systems"), Path(directory, "templates")
        _write(systems, templates)
        ours = checkers.constructs_lib(sorted(systems.iterdir()))
        peers = _peers(templates)
    finds = {name: [news(found, fault, n) for n, fault in enumerate(FAULTS)] for name, found in peers.items()}
    found = 0
    for number, fault in enumerate(FAULTS):
        rules = {rule for rule, _ in ours[_name(number)] - ours[GOOD]}
        found += fault.rule in rules
        said = [f"{name} {', '.join(sorted(new[number]))}" for name, new in finds.items() if new[number]]
        yield Figure(
            what=fault.what,
            ours=fault.rule if fault.rule in rules else f"not found: {', '.join(sorted(rules)) or 'silent'}",
            peer="; ".join(said) or "-",
            ratio="",
            bar="found",
            met=fault.rule in rules,
        )
    yield _found(found, finds)
    yield _false_alarms(ours, peers)


def _found(ours: int, finds: dict[str, list[set[str]]]) -> Figure:
    each = [f"{name} {sum(map(bool, new))}" for name, new in finds.items()]
    together = sum(map(any, zip(*finds.values(), strict=True)))
    return Figure(
        what=f"found, of {len(FAULTS)}",
        ours=str(ours),
        peer=", ".join([*each, f"together {together}"]),
        ratio="",
        bar="all",
        met=ours == len(FAULTS),
    )


def _false_alarms(ours: Findings, peers: dict[str, Findings]) -> Figure:
    said = {
        name: sum(len(found[f"{GOOD}-{template}"]) for template in good_system())
        for name, found in peers.items()
    }
    return Figure(
        what="reported on the good system",
        ours=str(len(ours[GOOD])),
        peer=", ".join(f"{name} {count}" for name, count in said.items()),
        ratio="",
        bar="0",
        met=not ours[GOOD],
    )


def _peers(templates: Path) -> dict[str, Findings]:
    cfn_lint, serverless_rules = checkers.cfn_lint(templates)
    cdk_nag, cdk = checkers.synth_checkers(templates)
    return {
        "cfn-lint": cfn_lint,
        "serverless-rules": serverless_rules,
        "checkov": checkers.checkov(templates),
        "cdk-nag": cdk_nag,
        "CDK": cdk,
    }


def _write(systems: Path, templates: Path) -> None:
    """Write every system as a folder for ours, and each template that differs for peers, who look at one at a time."""
    good = good_system()
    templates.mkdir()
    twins = {_name(number): planted(fault, good) for number, fault in enumerate(FAULTS)}
    for name, system in {GOOD: good, **twins}.items():
        (systems / name).mkdir(parents=True)
        for template, content in system.items():
            text = json.dumps(content, indent=1)
            (systems / name / f"{template}.json").write_text(text, encoding="utf-8")
            if name == GOOD or content != good[template]:
                (templates / f"{name}-{template}.json").write_text(text, encoding="utf-8")


def _name(number: int) -> str:
    return f"bad{number}"


def news(found: Findings, fault: Fault, number: int) -> set[str]:
    """List the rules by which a peer says something on the bad twin that it does not say on the good one."""
    new = found[f"{_name(number)}-{fault.template}"] - found[f"{GOOD}-{fault.template}"]
    return {rule for rule, _ in new}
