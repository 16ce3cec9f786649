"""Who invokes whom, service by service: one module per family, loaded only when a template has its resources.

Each module offers ``edges(graph)``, which yields :class:`~constructs_lib.policy.graph.Edge`. To add a service, write its
module and name the resource types that need it in ``_MODULES``.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Edge, Graph

_MODULES = {
    "AWS::ApiGateway::Authorizer": "rest_api",
    "AWS::ApiGateway::Method": "rest_api",
    "AWS::ApiGateway::RestApi": "rest_api",
    "AWS::ApiGatewayV2::Api": "http_api",
    "AWS::ApiGatewayV2::Authorizer": "http_api",
    "AWS::ApiGatewayV2::Integration": "http_api",
    "AWS::AppSync::DataSource": "appsync",
    "AWS::AppSync::FunctionConfiguration": "appsync",
    "AWS::AppSync::GraphQLApi": "appsync",
    "AWS::CloudFormation::CustomResource": "custom_resources",
    "AWS::CloudFront::Distribution": "cloudfront",
    "AWS::CloudWatch::Alarm": "notifications",
    "AWS::Cognito::UserPool": "cognito",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "load_balancer",
    "AWS::Events::Rule": "events",
    "AWS::IoT::TopicRule": "events",
    "AWS::Lambda::EventInvokeConfig": "destinations",
    "AWS::Lambda::EventSourceMapping": "mappings",
    "AWS::Lambda::Function": "declared",
    "AWS::Lambda::Url": "function_url",
    "AWS::Logs::SubscriptionFilter": "notifications",
    "AWS::Pipes::Pipe": "events",
    "AWS::S3::Bucket": "notifications",
    "AWS::SES::ReceiptRule": "notifications",
    "AWS::SNS::Subscription": "notifications",
    "AWS::SNS::Topic": "notifications",
    "AWS::Scheduler::Schedule": "events",
    "AWS::StepFunctions::StateMachine": "step_functions",
    "Custom::S3BucketNotifications": "notifications",
}


def edges_of(graph: Graph) -> Iterator[Edge]:
    """List every edge of a system."""
    names = {_MODULES[kind]: None for kind in graph.types if kind in _MODULES}
    if any(kind.startswith("Custom::") for kind in graph.types):
        names["custom_resources"] = None
    for name in names:
        yield from import_module(f"{__name__}.{name}").edges(graph)
