"""Cloud assemblies written by hand: what ``cdk synth`` leaves in ``cdk.out``, as small as the CDK CLI takes it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = """
import json, os, time, urllib.request

def handler(event, context):
    if "fail" in event:
        raise ValueError(event["fail"])
    path = event["path"]
    if path == "/slow":
        time.sleep(1)
    if path == "/broken":
        raise ValueError("not for callers")
    if path == "/config":
        port = os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"]
        url = f"http://localhost:{port}/systemsmanager/parameters/get?name=%2Ftiny%2Flimit"
        request = urllib.request.Request(url, headers={"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]})
        answer = json.load(urllib.request.urlopen(request))
        return {"statusCode": 200, "body": answer["Parameter"]["Value"]}
    return {"statusCode": 200, "body": json.dumps({"version": context.function_version})}
"""

# escapeJavaScript escapes the apostrophe too, which JSON does not know.
EVENT = """{"fail": "$util.escapeJavaScript($input.path('$.why')).replaceAll("\\\\'","'")", "stage": "$context.stage"}"""

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
    },
}


def write_assembly(
    directory: Path, template: dict[str, Any], *, stack: str = "Tiny", **properties: Any
) -> Path:
    """Write an assembly of one stack; ``properties`` go into its artifact."""
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(template)
    key = hashlib.sha256(text.encode()).hexdigest()
    (directory / f"{stack}.template.json").write_text(text)
    environment = properties.pop("environment", "aws://unknown-account/unknown-region")
    bucket = "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"
    destination = {"place": {"bucketName": bucket, "objectKey": f"{key}.json"}}
    source = {"path": f"{stack}.template.json", "packaging": "file"}
    assets = {
        "version": "53.0.0",
        "files": {key: {"displayName": "template", "source": source, "destinations": destination}},
    }
    (directory / f"{stack}.assets.json").write_text(json.dumps(assets))
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": environment,
        "displayName": stack,
        "dependencies": [f"{stack}.assets"],
        "properties": {
            "templateFile": f"{stack}.template.json",
            "stackTemplateAssetObjectUrl": f"s3://{bucket}/{key}.json",
            "requiresBootstrapStackVersion": 6,
            "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
            **properties,
        },
    }
    manifest_asset = {"type": "cdk:asset-manifest", "properties": {"file": f"{stack}.assets.json"}}
    artifacts = {f"{stack}.assets": manifest_asset, stack: artifact}
    (directory / "manifest.json").write_text(json.dumps({"version": "53.0.0", "artifacts": artifacts}))
    return directory


def tiny_template() -> dict[str, Any]:
    """Return one function behind an alias, with a DLQ and a REST API, and what the local AWS refuses beside it."""
    layer = "arn:aws:lambda:us-east-1:177933569100:layer:AWS-Parameters-and-Secrets-Lambda-Extension:21"
    resources = {
        "Role": ROLE,
        "Limit": _resource("SSM::Parameter", Name="/tiny/limit", Type="String", Value="20"),
        "Dlq": _resource("SQS::Queue"),
        "Function": _resource(
            "Lambda::Function",
            Code={"ZipFile": HANDLER},
            Handler="index.handler",
            Runtime="python3.13",
            Role=_attribute("Role"),
            Timeout=5,
            Layers=[layer],
            DeadLetterConfig={"TargetArn": _attribute("Dlq")},
        ),
        "StoppedFunction": _resource(
            "Lambda::Function",
            Code={"ZipFile": HANDLER},
            Handler="index.handler",
            Runtime="python3.13",
            Role=_attribute("Role"),
            ReservedConcurrentExecutions=0,
        ),
        "MisnamedFunction": _resource(
            "Lambda::Function",
            FunctionName="misnamed",
            Code={"ZipFile": HANDLER},
            Handler="orders.handler",
            Runtime="python3.13",
            Role=_attribute("Role"),
        ),
        "Version": _resource("Lambda::Version", FunctionName=_ref("Function")),
        "Live": _resource(
            "Lambda::Alias",
            FunctionName=_ref("Function"),
            FunctionVersion=_attribute("Version", "Version"),
            Name="live",
        ),
        "Retries": _resource(
            "Lambda::EventInvokeConfig",
            FunctionName=_ref("Function"),
            Qualifier="live",
            MaximumRetryAttempts=0,
        )
        | {"DependsOn": "Live"},
        "Scaling": _resource(
            "ApplicationAutoScaling::ScalableTarget",
            MinCapacity=1,
            MaxCapacity=2,
            ServiceNamespace="lambda",
            ResourceId={"Fn::Sub": "function:${Function}:live"},
            RoleARN=_attribute("Role"),
            ScalableDimension="lambda:function:ProvisionedConcurrency",
        ),
        **_api(),
    }
    outputs = {
        "ApiUrl": {"Value": {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/v1/"}},
        "DlqUrl": {"Value": _ref("Dlq")},
        "FunctionArn": {"Value": _ref("Live")},
        "Stopped": {"Value": _ref("StoppedFunction")},
        "NoStage": {"Value": "https://a1b2.execute-api.us-east-1.amazonaws.com"},
    }
    return {"Resources": resources, "Outputs": outputs}


def _api() -> dict[str, Any]:
    gets = {name: _resource_path(name) for name in ("Config", "Slow", "Broken", "Hello", "Events")}
    methods = {
        f"{name}Get": _method(name, "GET", TimeoutInMillis=200 if name == "Slow" else 5000)
        for name in gets
        if name != "Events"
    }
    schema = {"type": "object", "required": ["item"]}
    methods["HelloPost"] = _method("Hello", "POST")
    methods["HelloPost"]["Properties"] |= {
        "RequestValidatorId": _ref("Validator"),
        "RequestModels": {"application/json": _ref("Model")},
    }
    methods["EventsPost"] = _method("Events", "POST")
    methods["EventsPost"]["Properties"]["Integration"] |= {
        "Type": "AWS",
        "RequestParameters": {"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
        "RequestTemplates": {"application/json": EVENT},
        "IntegrationResponses": [{"StatusCode": "202"}],
    }
    cors = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    return {
        "Api": _resource("ApiGateway::RestApi", Name="tiny"),
        "Model": _resource(
            "ApiGateway::Model", RestApiId=_ref("Api"), ContentType="application/json", Schema=schema
        ),
        "Validator": _resource(
            "ApiGateway::RequestValidator", RestApiId=_ref("Api"), ValidateRequestBody=True
        ),
        "Errors": _resource(
            "ApiGateway::GatewayResponse",
            RestApiId=_ref("Api"),
            ResponseType="DEFAULT_5XX",
            ResponseParameters=cors,
        ),
        **gets,
        **methods,
        "Deployment": _resource("ApiGateway::Deployment", RestApiId=_ref("Api"))
        | {"DependsOn": [*methods, "Errors"]},
        "Stage": _resource(
            "ApiGateway::Stage", RestApiId=_ref("Api"), DeploymentId=_ref("Deployment"), StageName="v1"
        ),
    }


def _resource_path(name: str) -> dict[str, Any]:
    root = _attribute("Api", "RootResourceId")
    return _resource("ApiGateway::Resource", RestApiId=_ref("Api"), ParentId=root, PathPart=name.lower())


def _method(resource: str, verb: str, **integration: Any) -> dict[str, Any]:
    uri = (
        "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Live}/invocations"
    )
    target = {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": {"Fn::Sub": uri}, **integration}
    return _resource(
        "ApiGateway::Method",
        RestApiId=_ref("Api"),
        ResourceId=_ref(resource),
        HttpMethod=verb,
        AuthorizationType="NONE",
        Integration=target,
    )


def _resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _attribute(name: str, attribute: str = "Arn") -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}
