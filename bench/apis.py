"""A CDK stack to check: one REST API, with as many functions, aliases and methods as asked for, in plain L2."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_


def template(functions: int) -> str:
    """Synthesize the stack and give its template, as ``cdk.out`` holds it."""
    with tempfile.TemporaryDirectory() as directory:
        # 200 functions are more than a stack may hold; what is measured is the same.
        context = {"@aws-cdk/core:stackResourceLimit": 0}
        app = cdk.App(outdir=directory, analytics_reporting=False, context=context)
        stack = cdk.Stack(app, "Shop")
        api = apigateway.RestApi(
            stack,
            "Api",
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            deploy_options=apigateway.StageOptions(throttling_rate_limit=100, throttling_burst_limit=200),
        )
        for number in range(functions):
            _add(stack, api, number)
        app.synth()
        return Path(directory, stack.template_file).read_text(encoding="utf-8")


def _add(stack: cdk.Stack, api: apigateway.RestApi, number: int) -> None:
    function = lambda_.Function(
        stack,
        f"Function{number}",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        handler="index.handler",
        runtime=lambda_.Runtime.PYTHON_3_14,
        timeout=cdk.Duration.seconds(7),
        environment={"TABLE": "orders"},
    )
    alias = lambda_.Alias(stack, f"Live{number}", alias_name="live", version=function.current_version)
    integration = apigateway.LambdaIntegration(alias, timeout=cdk.Duration.seconds(10))
    api.root.add_resource(f"orders{number}").add_method(
        "GET", integration, authorization_type=apigateway.AuthorizationType.IAM
    )


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        functions, _, file = argument.partition("=")
        Path(file).write_text(template(int(functions)), encoding="utf-8")
