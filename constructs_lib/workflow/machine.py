"""A state machine with its own role and logs, from a definition as plain data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aws_cdk import Aws, Fn, Names, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn

from constructs_lib.compute.tokens import is_token
from constructs_lib.limits import partition_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import Construct

    from constructs_lib.compute.function import HardenedFunction

_STATES = iam.ServicePrincipal("states.amazonaws.com")

# Groups whose names begin so are let in by a policy of the service; each other one lengthens the account's only policy
# for logs, which is full at 5,120 characters (step-functions/latest/dg/bp-cwl).
_VENDED = "/aws/vendedlogs/states/"


def make_role(scope: Construct, functions: Sequence[HardenedFunction]) -> iam.Role:
    """Make a role that may invoke these functions' aliases."""
    role = iam.Role(scope, "Role", assumed_by=_STATES)
    aliases = list(dict.fromkeys(function.alias.function_arn for function in functions))
    role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=aliases))
    return role


def make_logs(
    scope: Construct, retention: logs.RetentionDays, removal_policy: RemovalPolicy
) -> logs.LogGroup:
    """Make the state machine's log group.

    Its name ends with the stack's unique part, so that a group that outlives its stack is not in the way of the next.
    """
    unique = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    name = f"{_VENDED}{Names.unique_resource_name(scope, separator='-', max_length=80)}-{unique}"
    return logs.LogGroup(
        scope, "Logs", log_group_name=name, retention=retention, removal_policy=removal_policy
    )


def make_machine(
    scope: Construct,
    definition: Mapping[str, Any],
    substitutions: Mapping[str, str],
    *,
    kind: sfn.StateMachineType,
    role: iam.IRole,
    log_group: logs.ILogGroup,
    log_level: sfn.LogLevel,
) -> sfn.StateMachine:
    """Make the state machine: traced, and logged without the data that passes through it."""
    # Not a substitution: linters know integrations by their whole ARNs, and where the region is known, so is the partition.
    region = Stack.of(scope).region
    partition = Aws.PARTITION if is_token(region) else partition_of(region)
    text = json.dumps(definition).replace("${Partition}", partition)
    return sfn.StateMachine(
        scope,
        "StateMachine",
        state_machine_type=kind,
        definition_body=sfn.DefinitionBody.from_string(text),
        definition_substitutions=dict(substitutions),
        role=role,
        tracing_enabled=True,
        logs=sfn.LogOptions(destination=log_group, level=log_level, include_execution_data=False),
    )
