"""What ``Ref`` and ``Fn::GetAtt`` return for each resource type, as text of which the shape is known.

Knowing the shape lets an ARN be split, joined and compared as CloudFormation will do it. ``{}`` is the resource's own
name. A type that is not listed gives an opaque token: it still tells which resource it names.
"""

from __future__ import annotations

from constructs_lib.policy.values.text import token

_P, _R, _A = (token("%", f"AWS::{name}") for name in ("Partition", "Region", "AccountId"))


def _arn(service: str, rest: str, where: str = f"{_R}:{_A}") -> str:
    return f"arn:{_P}:{service}:{where}:{rest}"


_LAMBDA = _arn("lambda", "function:{}")
_QUEUE = _arn("sqs", "{}")
_QUEUE_URL = f"https://sqs.{_R}.amazonaws.com/{_A}/{{}}"
_TOPIC = _arn("sns", "{}")
_TABLE = _arn("dynamodb", "table/{}")
_STREAM = _arn("kinesis", "stream/{}")
_MACHINE = _arn("states", "stateMachine:{}")
_BUS = _arn("events", "event-bus/{}")
_RULE = _arn("events", "rule/{}")
_ROLE = _arn("iam", "role/{}", f":{_A}")
_KEY = _arn("kms", "key/{}")
_LOG_GROUP = _arn("logs", "log-group:{}:*")

REF: dict[str, str] = {
    "AWS::ApiGateway::RestApi": "{}",
    "AWS::ApiGatewayV2::Api": "{}",
    "AWS::ApiGatewayV2::Integration": "{}",
    "AWS::ApiGatewayV2::Authorizer": "{}",
    "AWS::ApiGateway::Authorizer": "{}",
    "AWS::ApiGateway::Deployment": "{}",
    "AWS::ApiGateway::Resource": "{}",
    "AWS::ApiGateway::Stage": "{}",
    "AWS::DynamoDB::Table": "{}",
    "AWS::EC2::SecurityGroup": "{}",
    "AWS::EC2::Subnet": "{}",
    "AWS::EC2::VPC": "{}",
    "AWS::Events::EventBus": "{}",
    "AWS::Events::Rule": "{}",
    "AWS::IAM::Role": "{}",
    "AWS::KMS::Key": "{}",
    "AWS::Kinesis::Stream": "{}",
    "AWS::Lambda::Function": "{}",
    "AWS::Logs::LogGroup": "{}",
    "AWS::S3::Bucket": "{}",
    "AWS::SNS::Topic": _TOPIC,
    "AWS::SQS::Queue": _QUEUE_URL,
    "AWS::StepFunctions::StateMachine": _MACHINE,
}

ATTRIBUTE: dict[tuple[str, str], str] = {
    ("AWS::ApiGateway::Authorizer", "AuthorizerId"): "{}",
    ("AWS::ApiGateway::Deployment", "DeploymentId"): "{}",
    ("AWS::ApiGateway::RestApi", "RestApiId"): "{}",
    ("AWS::ApiGatewayV2::Api", "ApiEndpoint"): f"https://{{}}.execute-api.{_R}.amazonaws.com",
    ("AWS::ApiGatewayV2::Api", "ApiId"): "{}",
    ("AWS::ApiGatewayV2::Authorizer", "AuthorizerId"): "{}",
    ("AWS::ApiGatewayV2::Integration", "IntegrationId"): "{}",
    ("AWS::DynamoDB::Table", "Arn"): _TABLE,
    ("AWS::EC2::SecurityGroup", "GroupId"): "{}",
    ("AWS::EC2::Subnet", "SubnetId"): "{}",
    ("AWS::EC2::VPC", "VpcId"): "{}",
    ("AWS::Events::EventBus", "Arn"): _BUS,
    ("AWS::Events::EventBus", "Name"): "{}",
    ("AWS::Events::Rule", "Arn"): _RULE,
    ("AWS::IAM::Role", "Arn"): _ROLE,
    ("AWS::KMS::Key", "Arn"): _KEY,
    ("AWS::KMS::Key", "KeyId"): "{}",
    ("AWS::Kinesis::Stream", "Arn"): _STREAM,
    ("AWS::Lambda::Function", "Arn"): _LAMBDA,
    ("AWS::Lambda::Url", "FunctionUrl"): f"https://{{}}.lambda-url.{_R}.on.aws/",
    ("AWS::Logs::LogGroup", "Arn"): _LOG_GROUP,
    ("AWS::S3::Bucket", "Arn"): f"arn:{_P}:s3:::{{}}",
    ("AWS::SNS::Topic", "TopicArn"): _TOPIC,
    ("AWS::SNS::Topic", "TopicName"): "{}",
    ("AWS::SQS::Queue", "Arn"): _QUEUE,
    ("AWS::SQS::Queue", "QueueName"): "{}",
    ("AWS::SQS::Queue", "QueueUrl"): _QUEUE_URL,
    ("AWS::StepFunctions::StateMachine", "Arn"): _MACHINE,
    ("AWS::StepFunctions::StateMachine", "Name"): "{}",
}

NAME_PROPERTY: dict[str, str] = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Kinesis::Stream": "StreamName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
"""The property that names a resource, for ARNs that are written out instead of referenced."""
