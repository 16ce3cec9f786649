"""Edges: how long each gateway waits, what bodies and stages say, and what stands between caller and function."""

from __future__ import annotations

import pytest

from constructs_lib.policy import judge
from constructs_lib.policy.examples import graph_of
from constructs_lib.policy.graph import ASYNC, SYNC, Edge
from constructs_lib.policy.values.text import show

FUNCTION = """
Orders: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders, Timeout: 5}}
Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Orders}}
Live:
  Type: AWS::Lambda::Alias
  Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: !GetAtt Version.Version}
Jobs: {Type: AWS::SQS::Queue}
"""


def _edge(example: str) -> Edge:
    (edge,) = graph_of(example).edges
    return edge


def test_streamed_response_without_a_timeout_is_undecided() -> None:
    """A streaming integration is followed, and its wait is unknown where nothing is set."""
    edge = _edge("""
Orders: {Type: AWS::Lambda::Function, Properties: {}}
Get:
  Type: AWS::ApiGateway::Method
  Properties:
    HttpMethod: GET
    Integration:
      ResponseTransferMode: STREAM
      Uri: !Sub "arn:aws:apigateway:r:lambda:path/2021-11-15/functions/${Orders.Arn}/response-streaming-invocations"
""")
    assert edge.wait is not None
    assert edge.wait.unknown is not None


BODIES = {
    "rest-authorizer": """
Api:
  Type: AWS::ApiGateway::RestApi
  Properties: {Body: {securityDefinitions: {Token: {x-amazon-apigateway-authorizer: {authorizerUri: !Ref Live}}}}}
""",
    "http-authorizer": """
Api:
  Type: AWS::ApiGatewayV2::Api
  Properties: {Body: {components: {securitySchemes: {Token: {x-amazon-apigateway-authorizer: {authorizerUri: !Ref Live}}}}}}
""",
}


@pytest.mark.parametrize("kind", BODIES)
def test_authorizer_of_a_body_is_followed(kind: str) -> None:
    """An OpenAPI body names its Lambda authorizers among the security schemes, where SAM writes them."""
    edge = _edge(FUNCTION + BODIES[kind])
    assert (edge.kind, edge.label, edge.path) == (kind, "authorizer Token", ("Api", "Live", "Orders"))


def test_load_balancer_is_found_through_a_listener_rule() -> None:
    """A rule that forwards to several groups leads from the function to the load balancer."""
    edge = _edge(
        FUNCTION
        + """
Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer}
Listener: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Balancer}}
Rule:
  Type: AWS::ElasticLoadBalancingV2::ListenerRule
  Properties:
    ListenerArn: !Ref Listener
    Actions: [{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Group}]}}]
Group:
  Type: AWS::ElasticLoadBalancingV2::TargetGroup
  Properties: {TargetType: lambda, Targets: [{Id: !Ref Live}]}
"""
    )
    assert edge.path == ("Balancer", "Group", "Live", "Orders")


def test_declared_invocations_and_calls_may_hold_functions() -> None:
    """Metadata is resolved as properties are: a declared callee by GetAtt, a read timeout by parameter."""
    graph = graph_of("""
Parameters: {Patience: {Type: Number, Default: 7}, Open: {Type: Number}}
Resources:
  Orders:
    Type: AWS::Lambda::Function
    Metadata:
      constructs-lib:
        init: !Ref Open
        invokes: [!GetAtt Prices.Arn, {function: Prices, read: !Ref Patience}]
        calls: {table: {read: !Ref Open}}
  Prices: {Type: AWS::Lambda::Function}
""")
    first, second = graph.edges
    assert [first.callee, second.callee] == ["Prices", "Prices"]
    assert second.wait is not None
    assert second.wait.only == 7
    orders = next(function for function in graph.functions.values() if function.id == "Orders")
    assert orders.init is None
    assert orders.calls[0].connect.only == 60
    assert orders.calls[0].read.unknown == "parameter Open has no default"


INTEGRATIONS = {
    "an invocation type in any case": (
        (
            "M: {Type: AWS::ApiGateway::Method, Properties: {Integration: {Uri: !Ref Live, "
            "RequestParameters: {integration.request.header.x-amz-invocation-type: \"'Event'\"}}}}"
        ),
        [(ASYNC, None)],
    ),
    "an asynchronous WebSocket route": (
        (
            "I: {Type: AWS::ApiGatewayV2::Integration, Properties: {IntegrationUri: !Ref Live, "
            "RequestParameters: {integration.request.header.X-Amz-Invocation-Type: \"'Event'\"}}}"
        ),
        [(ASYNC, None)],
    ),
    "a mock with a forgotten function": (
        "M: {Type: AWS::ApiGateway::Method, Properties: {Integration: {Type: MOCK, Uri: !Ref Live}}}",
        [],
    ),
    "a quick-created integration with an override": (
        (
            "Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Target: !Ref Live}}\n"
            "O: {Type: AWS::ApiGatewayV2::ApiGatewayManagedOverrides, "
            "Properties: {ApiId: !Ref Api, Integration: {TimeoutInMillis: 5000}}}"
        ),
        [(SYNC, 5)],
    ),
}


@pytest.mark.parametrize("name", INTEGRATIONS)
def test_integration_waits_as_its_gateway_does(name: str) -> None:
    """What changes a gateway's wait, or takes it away, is read."""
    resources, expected = INTEGRATIONS[name]
    waits = [(edge.mode, edge.wait and edge.wait.only) for edge in graph_of(FUNCTION + resources).edges]
    assert waits == expected


def test_integration_reaches_a_function_by_its_url() -> None:
    """An HTTP proxy in front of a function URL waits for the function behind it."""
    graph = graph_of(
        FUNCTION
        + """
Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !Ref Orders, Qualifier: live}}
Proxy: {Type: AWS::ApiGatewayV2::Integration, Properties: {IntegrationUri: !GetAtt Url.FunctionUrl}}
"""
    )
    assert [edge.path for edge in graph.edges_of("http")] == [("Proxy", "Url", "Live", "Orders")]


STAGES = """
Api: {Type: AWS::ApiGateway::RestApi}
Beta: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, StageName: beta, Variables: {fn: !Ref Orders, alias: live}}}
Prod: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, StageName: prod, Variables: {alias: stable}}}
Get:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    Integration: {Uri: !Sub "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:1:function:NAME/invocations"}
"""


@pytest.mark.parametrize(
    ("name", "callees", "missed"),
    [
        ("${Orders}:${!stageVariables.alias}", ["Orders:live", "Orders:stable"], []),
        ("${!stageVariables.fn}", ["Orders"], ["a stage variable names the function"]),
        ("${!stageVariables.none}", [], ["a stage variable names the function"]),
    ],
)
def test_stage_variable_is_what_each_stage_says(name: str, callees: list[str], missed: list[str]) -> None:
    """One edge for each stage whose variables name a function; a stage that does not say is in the coverage."""
    graph = graph_of(FUNCTION + STAGES.replace("NAME", name))
    assert [edge.callee for edge in graph.edges] == callees
    assert [gap.reason for gap in graph.coverage.missed] == missed


def test_destinations_of_a_function_are_followed() -> None:
    """What a function answers or fails on goes on to other functions; only the first must have a queue of its own."""
    graph = graph_of(
        FUNCTION
        + """
Report: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Failed: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
Results:
  Type: AWS::Lambda::EventInvokeConfig
  Properties:
    FunctionName: !Ref Orders
    Qualifier: live
    DestinationConfig: {OnSuccess: {Destination: !GetAtt Report.Arn}, OnFailure: {Destination: !GetAtt Failed.Arn}}
"""
    )
    assert [(edge.kind, edge.mode, edge.path) for edge in graph.edges] == [
        ("on-success", ASYNC, ("Orders", "Results", "Report")),
        ("on-failure", ASYNC, ("Orders", "Results", "Failed")),
    ]
    assert [found.path[-1] for found in judge(graph) if found.rule == "D701"] == ["Report"]


@pytest.mark.parametrize(
    ("beside", "qualifiers"),
    [
        ("Qualifier: live", ["live"]),
        ("Qualifier: !If [Warm, live, !Ref AWS::NoValue]", ["live", None]),
        ("Qualifier: !ImportValue alias", ["<ImportValue alias: no given template exports it>"]),
        ("Qualifier.$: $.alias", ["<the workflow's input names the qualifier>"]),
        ("Payload: 1", [None]),
    ],
)
def test_qualifier_beside_the_name_counts(beside: str, qualifiers: list[str | None]) -> None:
    """A workflow may name the alias in a field of its own; one that is not known is not taken for $LATEST."""
    system = f"""
Parameters: {{Warmth: {{Type: String}}}}
Conditions: {{Warm: {{"Fn::Equals": [!Ref Warmth, "yes"]}}}}
Resources:
  {FUNCTION.strip().replace(chr(10), chr(10) + "  ")}
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      Definition:
        States:
          A: {{Type: Task, Resource: "arn:aws:states:::lambda:invoke", Parameters: {{FunctionName: !Ref Orders, {beside}}}}}
"""
    edges = graph_of(system).edges
    assert [edge.qualifier and show(edge.qualifier) for edge in edges] == qualifiers
    assert [edge.path[1:] for edge in edges if edge.qualifier == "live"] in ([("Live", "Orders")], [])


EDGE_FUNCTION = """
Resources:
  Rewrite: {Type: AWS::Lambda::Function, Properties: {Timeout: 20}}
  Version: {Type: AWS::Lambda::Version, Properties: {FunctionName: !Ref Rewrite}}
  WRITER
---
Site:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      DefaultCacheBehavior:
        LambdaFunctionAssociations: [{EventType: viewer-request, LambdaFunctionARN: !GetAtt [Reader, ATTRIBUTE]}]
Reader: {Type: READER, Properties: {ParameterName: /edge/rewrite}}
"""


@pytest.mark.parametrize(
    ("writer", "reader", "attribute"),
    [
        (
            "Parameter: {Type: AWS::SSM::Parameter, Properties: {Name: /edge/rewrite, Value: !Ref Version}}",
            "Custom::CrossRegionStringParameterReader",
            "FunctionArn",
        ),
        (
            "Exports: {Type: Custom::CrossRegionExportWriter, Properties: {WriterProps: {exports: {/cdk/x: !Ref Version}}}}",
            "Custom::CrossRegionExportReader",
            "/cdk/x",
        ),
    ],
)
def test_what_cdk_carries_across_regions_is_followed(writer: str, reader: str, attribute: str) -> None:
    """An edge function lives in another region than its distribution; CDK's custom resources lead there."""
    example = (
        EDGE_FUNCTION.replace("WRITER", writer).replace("READER", reader).replace("ATTRIBUTE", attribute)
    )
    assert [edge.path for edge in graph_of(example).edges] == [("Site", "Version", "Rewrite")]
    graph = graph_of(example.replace("/edge/rewrite, Value", "/other, Value").replace("/cdk/x:", "/other:"))
    assert graph.edges == []
    assert "is written in another region, by no given template" in str(graph.coverage.missed)
