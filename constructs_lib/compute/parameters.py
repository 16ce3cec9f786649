"""Configuration and secrets through AWS's own extension: :class:`ParametersExtension`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from aws_cdk import Aws, CfnMapping, Stack
from aws_cdk import aws_lambda as lambda_

from constructs_lib.compute.tokens import is_token
from constructs_lib.errors import RefusedError
from constructs_lib.limits import (
    EXTENSION_CACHE_SIZE_MAX,
    EXTENSION_CONNECTIONS_DEFAULT,
    EXTENSION_LAYERS,
    EXTENSION_TTL_MAX,
    Fact,
    extension_layer_arn,
)
from constructs_lib.timeouts.budget import with_call
from constructs_lib.timeouts.call import Call
from constructs_lib.timeouts.derivation import SECOND
from constructs_lib.timeouts.seconds import Seconds, whole_seconds

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ssm as ssm
    from constructs import Construct

    from constructs_lib.timeouts.budget import TimeoutBudget

LogLevel = Literal["DEBUG", "INFO", "WARN", "ERROR", "NONE"]
_Architecture = Literal["arm64", "x86_64"]

EXTENSION_CALL = "parameters-and-secrets"
"""Name of the budget's call for the fetch; declare a :class:`Call` of this name to choose its waits yourself."""

# A fetch that the cache cannot answer takes tens of milliseconds. A second is patience enough; a quarter of one is the
# least that still covers a new TLS connection.
_CONNECT, _LONGEST_READ, _SHORTEST_READ = 0.05, 1.0, 0.25
_LOOPBACK = 50  # milliseconds in which the extension's own refusal still reaches the handler's client

_LAYER_MAP = "ConstructsLibExtensionLayers"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersExtension:
    """How the Parameters and Secrets extension is attached: a cache beside the handler, on 127.0.0.1:2773.

    The extension answers while a request is handled and not during init (AWS's words), so module code must not call
    it, and neither provisioned concurrency nor SnapStart fills its cache beforehand.

    Its SDK timeouts are never left at their default of none. The fetch is a call of the budget, named
    ``"parameters-and-secrets"``: one round of fetches made side by side, for which the connections are sized. Unless
    the budget declares that call, it gets an equal share of the time that is open, 1 s at most. The extension gives up
    50 ms before the handler's client, so that the handler sees its error.

    Args:
        parameters_ttl: seconds, or a Duration, for which a parameter is answered from the cache: whole seconds, 0 to
            300 (limits.EXTENSION_TTL_MAX).
        secrets_ttl: the same for secrets; a rotated secret may be answered stale for so long.
        cache_size: how many values are kept, 0 to 1,000 (limits.EXTENSION_CACHE_SIZE_MAX); 0 switches the cache off.
        max_connections: how many fetches run side by side, >= 1. None is one for each parameter and secret that the
            function names, and no less than the extension's own default of 3 (limits.EXTENSION_CONNECTIONS_DEFAULT).
        log_level: what the extension logs.
        layer_version_arn: ARN of the layer where the table of regions has none, or another version is wanted.

    Raises:
        RefusedError: a number out of range.

    Example:
        >>> ParametersExtension(secrets_ttl=60).secrets_ttl
        60
    """

    parameters_ttl: Seconds = EXTENSION_TTL_MAX
    secrets_ttl: Seconds = EXTENSION_TTL_MAX
    cache_size: int = int(EXTENSION_CACHE_SIZE_MAX)
    max_connections: int | None = None
    log_level: LogLevel = "INFO"
    layer_version_arn: str | None = None

    def __post_init__(self) -> None:
        """Refuse what the extension would replace by its default, or refuse at run time."""
        _ttl("parameters_ttl", self.parameters_ttl)
        _ttl("secrets_ttl", self.secrets_ttl)
        _refuse_outside(
            "cache_size", self.cache_size, 0, int(EXTENSION_CACHE_SIZE_MAX), EXTENSION_CACHE_SIZE_MAX
        )
        if self.max_connections is not None:
            _refuse_outside("max_connections", self.max_connections, 1, None, EXTENSION_CONNECTIONS_DEFAULT)
        if self.log_level not in get_args(LogLevel):
            allowed = ", ".join(get_args(LogLevel))
            raise RefusedError(
                "ParametersExtension: log_level",
                got=repr(self.log_level),
                allowed=allowed,
                fix="use one of them",
            )

    def variables(self, budget: TimeoutBudget, fetches: int) -> dict[str, str]:
        """Give the extension's environment, for a budget that has its call and so many values to fetch."""
        timeout = str(_sdk_timeout(budget))
        connections = self.max_connections or max(fetches, int(EXTENSION_CONNECTIONS_DEFAULT))
        return {
            "PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE": str(self.cache_size),
            "PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL": self.log_level,
            "PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS": str(connections),
            "SECRETS_MANAGER_TIMEOUT_MILLIS": timeout,
            "SECRETS_MANAGER_TTL": str(_ttl("secrets_ttl", self.secrets_ttl)),
            "SSM_PARAMETER_STORE_TIMEOUT_MILLIS": timeout,
            "SSM_PARAMETER_STORE_TTL": str(_ttl("parameters_ttl", self.parameters_ttl)),
        }


def with_extension_call(budget: TimeoutBudget) -> TimeoutBudget:
    """Prove the budget with the fetch in it, or as it stands where it declares the fetch itself.

    Raises:
        TimeoutHierarchyError: the handler has not a quarter of a second left for it.
    """
    if any(call.name == EXTENSION_CALL for call in budget.calls):
        return budget
    share = with_call(budget, Call(EXTENSION_CALL, connect=_CONNECT, attempts=1)).calls[-1].read or 0
    read = min(max(share, _SHORTEST_READ), _LONGEST_READ)
    return with_call(budget, Call(EXTENSION_CALL, connect=_CONNECT, read=read, attempts=1))


def grant_reads(
    role: iam.IRole, parameters: Sequence[ssm.IParameter], secrets: Sequence[secretsmanager.ISecret]
) -> None:
    """Let the role read exactly these values, and decrypt with the customer keys that they know of."""
    for parameter in parameters:
        parameter.grant_read(role)
    for secret in secrets:
        secret.grant_read(role)


def layer_arn(
    subject: str, scope: Construct, architecture: lambda_.Architecture, extension: ParametersExtension
) -> str:
    """Give the layer's ARN for the scope's region: from the table, or by a mapping where the region is open.

    Raises:
        RefusedError: the table has no such region.
    """
    if extension.layer_version_arn is not None:
        return extension.layer_version_arn
    stack = Stack.of(scope)
    region, name = stack.region, cast("_Architecture", architecture.name)
    if is_token(region):
        return _layer_map(stack).find_in_map(Aws.REGION, _map_key(name))
    arn = extension_layer_arn(region, name)
    if arn is None:
        raise RefusedError(
            f"{subject}: Parameters and Secrets extension",
            got=f"region {region}",
            allowed=f"the {len(EXTENSION_LAYERS)} regions of AWS's list, or any region with the layer's ARN",
            fix="extension=ParametersExtension(layer_version_arn=...), with the ARN from AWS's list",
        )
    return arn


def _layer_map(stack: Stack) -> CfnMapping:
    """Make the table of layers a mapping of the template, once for the stack.

    Its name changes with the table: a function that looks its layer up would else keep its version when a release of
    this package brings new layers, and the alias would stay on the old one.
    """
    table = {
        region: {
            _map_key(architecture): extension_layer_arn(region, architecture)
            for architecture in _ARCHITECTURES
        }
        for region in EXTENSION_LAYERS
    }
    name = f"{_LAYER_MAP}{hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()[:8]}"
    found = stack.node.try_find_child(name)
    return CfnMapping(stack, name, mapping=table) if found is None else cast("CfnMapping", found)


_ARCHITECTURES: tuple[_Architecture, ...] = get_args(_Architecture)


def _map_key(architecture: _Architecture) -> str:
    return architecture.replace("_", "")  # CloudFormation's mappings take letters and digits only


def _sdk_timeout(budget: TimeoutBudget) -> int:
    (call,) = (call.numbers for call in budget.calls if call.name == EXTENSION_CALL)
    assert call.read is not None
    return max(call.read - _LOOPBACK, 1)


def _ttl(name: str, value: Seconds) -> int:
    milliseconds = whole_seconds(f"ParametersExtension: {name}", value, 0, int(EXTENSION_TTL_MAX))
    assert milliseconds is not None
    return milliseconds // SECOND


def _refuse_outside(name: str, value: object, least: int, most: int | None, default: Fact) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or value < least
        or (most is not None and value > most)
    ):
        allowed = f"whole numbers from {least} to {most}" if most is not None else f"whole numbers >= {least}"
        raise RefusedError(
            f"ParametersExtension: {name}",
            got=repr(value),
            allowed=allowed,
            fix=f"{default:.0f} is AWS's default",
        )
