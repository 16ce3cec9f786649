"""The role with which API Gateway writes logs: one per account and region, shared by all of its APIs."""

from __future__ import annotations

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

_ID = "ApiGatewayAccountRole"


class ApiGatewayAccountRole(Construct):
    """The account-wide CloudWatch role of API Gateway, kept when its stack goes.

    API Gateway has one such setting per account and region; without it a REST API can write neither access logs nor
    execution logs, and a stage that asks for them is refused. A stack that removed it on deletion would silence
    every other API of the account, so role and setting are retained.

    Deploy it once per account and region: in a stack of its own, or with ``HardenedRestApi(account_role=True)``.

    Attributes:
        role: the role that API Gateway assumes.
        account: the account-wide setting.

    Example:
        >>> from aws_cdk import App, Stack
        >>> account_role = ApiGatewayAccountRole(Stack(App(), "Account"), "ApiGatewayAccountRole")
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        policy = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(policy)],
        )
        self.role.apply_removal_policy(RemovalPolicy.RETAIN)
        self.account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=self.role.role_arn)
        self.account.apply_removal_policy(RemovalPolicy.RETAIN)

    @staticmethod
    def of(scope: Construct) -> IConstruct:
        """Return the stack's account role; make it when the stack has none yet."""
        stack = Stack.of(scope)
        found = stack.node.try_find_child(_ID)
        return ApiGatewayAccountRole(stack, _ID) if found is None else found
