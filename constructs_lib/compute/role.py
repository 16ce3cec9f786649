"""The execution role of a function: its own, with rights on its own log group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs
    from constructs import Construct

_LAMBDA = iam.ServicePrincipal("lambda.amazonaws.com")
_NETWORK_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


def make_role(scope: Construct, log_group: logs.ILogGroup, *, in_vpc: bool) -> iam.Role:
    """Make a role with rights on the function's own log group, and on network interfaces where it needs some."""
    role = iam.Role(scope, "Role", assumed_by=_LAMBDA)
    log_group.grant_write(role)
    if in_vpc:
        role.add_to_policy(iam.PolicyStatement(actions=list(_NETWORK_INTERFACES), resources=["*"]))
    return role
