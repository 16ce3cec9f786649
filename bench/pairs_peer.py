"""The peer of the synth benchmark: ApiGatewayToLambda of AWS Solutions Constructs, and its resources in plain L2.

Runs in an environment of its own, because the peer pins a CDK of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from aws_cdk import Stack


def add(stack: Stack, number: int) -> None:
    """Add one pair, as the peer makes it."""
    from aws_solutions_constructs.aws_apigateway_lambda import ApiGatewayToLambda  # noqa: PLC0415 - not ours

    ApiGatewayToLambda(stack, f"Pair{number}", lambda_function_props=lambda_.FunctionProps(**_function()))


def add_plain(stack: Stack, number: int) -> None:
    """Add the same resources by hand."""
    name = f"Pair{number}"
    write_logs = iam.PolicyStatement(
        actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[stack.format_arn(service="logs", resource="log-group", resource_name="/aws/lambda/*")],
    )
    role = iam.Role(
        stack,
        f"{name}Role",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={"Logs": iam.PolicyDocument(statements=[write_logs])},
    )
    function = lambda_.Function(
        stack, f"{name}Function", role=role, tracing=lambda_.Tracing.ACTIVE, **_function()
    )
    log_group = logs.LogGroup(stack, f"{name}AccessLogs")
    api = apigateway.LambdaRestApi(
        stack,
        f"{name}Api",
        handler=function,
        cloud_watch_role=True,
        endpoint_types=[apigateway.EndpointType.EDGE],
        default_method_options=apigateway.MethodOptions(authorization_type=apigateway.AuthorizationType.IAM),
        deploy_options=apigateway.StageOptions(
            access_log_destination=apigateway.LogGroupLogDestination(log_group),
            access_log_format=apigateway.AccessLogFormat.json_with_standard_fields(
                caller=True,
                http_method=True,
                ip=True,
                protocol=True,
                request_time=True,
                resource_path=True,
                response_length=True,
                status=True,
                user=True,
            ),
            logging_level=apigateway.MethodLoggingLevel.INFO,
            data_trace_enabled=False,
            tracing_enabled=True,
        ),
    )
    api.add_usage_plan(
        f"{name}Plan", api_stages=[apigateway.UsagePlanPerApiStage(api=api, stage=api.deployment_stage)]
    )


def _function() -> dict[str, Any]:
    return {
        "code": lambda_.Code.from_inline("def handler(event, context): ..."),
        "handler": "index.handler",
        "runtime": lambda_.Runtime.PYTHON_3_13,
    }
