"""Systems that the reports are tested with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.policy import check_templates
from constructs_lib.policy.report.document import Document
from constructs_lib.policy.template.template import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs_lib.policy.rule import Rule

# Every kind of edge that is drawn differently, a path whose waits do not fit, unknown numbers, a waiver, a lone function.
SHOP = """\
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: shop}}
  OrdersResource:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: orders}
  GetOrders:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref OrdersResource
      HttpMethod: GET
      Integration:
        Type: AWS_PROXY
        TimeoutInMillis: 10000
        Uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Live}/invocations
  Orders:
    Type: AWS::Lambda::Function
    Properties: {Timeout: 14}
    Metadata:
      constructs-lib: {init: 4, init_evidence: observed, calls: {orders-table: {connect: 1, read: 3, attempts: 2}}}
  Live: {Type: AWS::Lambda::Alias, Properties: {Name: live, FunctionName: !Ref Orders, FunctionVersion: "1"}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 30}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Jobs.Arn, FunctionName: !Ref Worker}
  Worker:
    Type: AWS::Lambda::Function
    Properties: {Timeout: 60}
    Metadata: {constructs-lib: {invokes: [Report], waive: [{rule: Q304, reason: messages may be lost here}]}}
  Nightly:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: a, Arn: !GetAtt Report.Arn}]}
  Report: {Type: AWS::Lambda::Function, Properties: {Timeout: !ImportValue report-timeout}}
  Lonely: {Type: AWS::Lambda::Function, Properties: {Timeout: 5}}
"""

CLEAN = """\
Resources:
  Nightly:
    Type: AWS::Lambda::Function
    Properties: {Timeout: 5}
"""

NASTY = "</title><script>document.title='owned'</script><img src=x onerror=alert(1)>\"'`|*"


def nasty() -> str:
    """Make a system whose every name is an attack on whoever shows it."""
    return f"""\
Resources:
  Queue: {{Type: AWS::SQS::Queue, Properties: {{VisibilityTimeout: 1}}, Metadata: {{"aws:cdk:path": {_quoted("App/" + NASTY)}}}}}
  Mapping: {{Type: AWS::Lambda::EventSourceMapping, Properties: {{EventSourceArn: !GetAtt Queue.Arn, FunctionName: !Ref Worker}}}}
  Worker:
    Type: AWS::Lambda::Function
    Properties: {{Timeout: 60, Environment: {{Variables: {{{_quoted(NASTY + "PASSWORD")}: correct-horse-battery}}}}}}
    Metadata:
      "aws:cdk:path": {_quoted("App/" + NASTY)}
      constructs-lib: {{init: 2, calls: {{{_quoted(NASTY)}: {{read: 3}}}}, waive: [{{rule: Q304, reason: {_quoted(NASTY)}}}]}}
  Other: {{Type: AWS::Lambda::Function, Properties: {{Timeout: !ImportValue {_quoted(NASTY)}}}}}
  Rule: {{Type: AWS::Events::Rule, Properties: {{Targets: [{{Id: a, Arn: !GetAtt Other.Arn}}, {{Id: b, Arn: !ImportValue {_quoted(NASTY)}}}]}}}}
"""


def wide(functions: int) -> str:
    """Make an API with a route for each of many functions, all of which run too long."""
    parts = ["Resources:", "  Api: {Type: AWS::ApiGateway::RestApi}"]
    for number in range(functions):
        uri = f'!Sub "arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{F{number}.Arn}}/invocations"'
        parts += [
            f"  R{number}: {{Type: AWS::ApiGateway::Resource, Properties: {{RestApiId: !Ref Api, PathPart: r{number}}}}}",
            f"  M{number}:",
            "    Type: AWS::ApiGateway::Method",
            f"    Properties: {{RestApiId: !Ref Api, ResourceId: !Ref R{number}, HttpMethod: GET, Integration: {{Uri: {uri}}}}}",
            f"  F{number}: {{Type: AWS::Lambda::Function, Properties: {{Timeout: {40 if number % 3 else 10}}}}}",
        ]
    return "\n".join(parts) + "\n"


def document_of(*texts: str, strict: bool = False, rules: Sequence[Rule] | None = None) -> Document:
    """Check each text as a system of its own, with everything that any format needs."""
    document = Document(strict=strict, pictures=True)
    for number, text in enumerate(texts):
        template = parse(text, f"shop-{number}.yaml" if number else "shop.yaml")
        document.add(check_templates([template], rules=rules))
    return document


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
