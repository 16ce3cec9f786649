"""The other side of the synth benchmark: the same resources, written by hand in plain L2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from aws_cdk import Stack

ERRORS = {
    "Default4xx": (apigateway.ResponseType.DEFAULT_4_XX, None),
    "Default5xx": (apigateway.ResponseType.DEFAULT_5_XX, None),
    "Throttled": (apigateway.ResponseType.THROTTLED, "429"),
    "IntegrationTimeout": (apigateway.ResponseType.INTEGRATION_TIMEOUT, "504"),
}


def add(stack: Stack, number: int) -> None:
    """Add one pair."""
    alias = aliased_function(stack, f"Function{number}")
    _api(stack, f"Api{number}", alias)


def aliased_function(stack: Stack, name: str) -> lambda_.Alias:
    """Add a function with its logs and role, and give its alias."""
    log_group = logs.LogGroup(
        stack,
        f"{name}Logs",
        retention=logs.RetentionDays.THREE_MONTHS,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    role = iam.Role(stack, f"{name}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log_group.grant_write(role)
    function = lambda_.Function(
        stack,
        name,
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        handler="index.handler",
        timeout=Duration.seconds(7),
        runtime=lambda_.Runtime.PYTHON_3_14,
        architecture=lambda_.Architecture.ARM_64,
        memory_size=1769,
        role=role,
        log_group=log_group,
        logging_format=lambda_.LoggingFormat.JSON,
        tracing=lambda_.Tracing.ACTIVE,
        environment={"GATEWAY_WAIT": "10", "INIT_BUDGET": "2"},
    )
    return lambda_.Alias(stack, f"{name}Alias", alias_name="live", version=function.current_version)


def _api(stack: Stack, name: str, alias: lambda_.Alias) -> None:
    log_group = logs.LogGroup(
        stack,
        f"{name}AccessLogs",
        retention=logs.RetentionDays.THREE_MONTHS,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    )
    api = apigateway.RestApi(
        stack,
        name,
        cloud_watch_role=False,
        endpoint_configuration=apigateway.EndpointConfiguration(types=[apigateway.EndpointType.REGIONAL]),
        deploy_options=apigateway.StageOptions(
            stage_name="live",
            access_log_destination=apigateway.LogGroupLogDestination(log_group),
            access_log_format=apigateway.AccessLogFormat.json_with_standard_fields(
                caller=False,
                http_method=True,
                ip=True,
                protocol=True,
                request_time=True,
                resource_path=True,
                response_length=True,
                status=True,
                user=False,
            ),
            tracing_enabled=True,
            metrics_enabled=True,
            throttling_rate_limit=31,
            throttling_burst_limit=62,
            cache_cluster_enabled=False,
        ),
    )
    for response, (kind, status) in ERRORS.items():
        api.add_gateway_response(
            response,
            type=kind,
            status_code=status,
            templates={"application/json": '{"message":$context.error.messageString}'},
        )
    integration = apigateway.LambdaIntegration(
        alias, timeout=Duration.millis(9501), allow_test_invoke=False, scope_permission_to_method=False
    )
    api.root.resource_for_path("/orders").add_method(
        "GET", integration, authorization_type=apigateway.AuthorizationType.IAM
    )
