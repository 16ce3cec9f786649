"""I207 snapstart-conflict."""

from __future__ import annotations

from constructs_lib.limits import LAMBDA_TMP_DEFAULT, SNAPSTART_TMP_MAX
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.scaling import scaled
from constructs_lib.policy.values import Case, Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.function import Function, Provisioned
    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {SnapStart: {ApplyOn: PublishedVersions}, PROPERTY}
"""
_PROVISIONED = (
    _FUNCTION.replace("PROPERTY", "Timeout: 5")
    + """
Live:
  Type: AWS::Lambda::Alias
  Properties:
    Name: live
    FunctionName: !Ref Orders
    FunctionVersion: "7"
    ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 5}
"""
)
_SCALED = (
    _FUNCTION.replace("PROPERTY", "Timeout: 5")
    + """
Scaling:
  Type: AWS::ApplicationAutoScaling::ScalableTarget
  Properties: {MinCapacity: 1, MaxCapacity: 5, ResourceId: !Sub "function:${Orders}:live"}
"""
)


class SnapstartConflict(Rule):
    """SnapStart is combined with something that it excludes.

    ## Why is this bad?
    Provisioned concurrency, a mounted file system and more than 512 MB of /tmp cannot be part of a snapshot. Lambda
    refuses the combination when the function or its alias is deployed, and the stack rolls back.

    ## What to do
    Choose one of the two.
    """

    id = "I207"
    name = "snapstart-conflict"
    severity = ERROR
    limits = (SNAPSTART_TMP_MAX,)
    bad = {
        "provisioned concurrency": _PROVISIONED,
        "provisioned concurrency by scaling": _SCALED,
        "file system": _FUNCTION.replace(
            "PROPERTY", "FileSystemConfigs: [{Arn: !ImportValue shared, LocalMountPath: /mnt/shared}]"
        ),
        "large temporary storage": _FUNCTION.replace("PROPERTY", "EphemeralStorage: {Size: 1024}"),
    }
    good = {
        "small temporary storage": _FUNCTION.replace("PROPERTY", "EphemeralStorage: {Size: 512}"),
        "SnapStart off": _PROVISIONED.replace("PublishedVersions", "None"),
    }
    undecided = {
        "temporary storage imported": _FUNCTION.replace(
            "PROPERTY", "EphemeralStorage: {Size: !ImportValue tmp}"
        )
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at what each function with SnapStart is combined with."""
        scaling = scaled(graph)
        for function in graph.functions.values():
            if function.snapstart.only == "None":
                continue
            for value, most, words, fix in _excluded(function, scaling.get(function, [])):
                for apply_on, amount, when in graph.known(function.snapstart, value):
                    if apply_on != "PublishedVersions" or amount <= most:
                        continue
                    message = f"{function.name} has SnapStart and {words.format(amount)}: Lambda refuses the combination."
                    path = tuple(dict.fromkeys((value.place.resource.id, function.id)))
                    fix_it = f"{fix}, or switch SnapStart off."
                    yield self.finding(value.place, message, fix=fix_it, path=path, when=when)


def _excluded(function: Function, scaled_too: list[Provisioned]) -> Iterator[tuple[Value, float, str, str]]:
    """List what is looked at: its amount, the most of it that is allowed, how to name it and what to do."""
    for each in (*function.provisioned, *scaled_too):
        yield each.amount, 0, "provisioned concurrency of {:g}", "Remove the provisioned concurrency"
    get = function.resource.get
    tmp = get("EphemeralStorage", "Size").default(float(LAMBDA_TMP_DEFAULT)).numbers()
    yield tmp, SNAPSTART_TMP_MAX, "{:g} MB of /tmp", f"Lower EphemeralStorage to {SNAPSTART_TMP_MAX}"
    mounts = get("FileSystemConfigs")
    counts = tuple(
        Case(float(len(case.data)), case.when) if type(case.data) is list else case for case in mounts.cases
    )
    yield (
        Value(counts, mounts.place, None).numbers(),
        0,
        "{:g} file system mounted",
        "Unmount the file system",
    )
