"""Waits for what is no function: a gateway for an express workflow, CloudFront for an API; drawn like every other."""

from __future__ import annotations

import pytest

from constructs_lib.policy import check
from constructs_lib.policy.examples import graph_of
from constructs_lib.policy.report import render
from constructs_lib.policy.report.document import Document
from constructs_lib.policy.report.drawing import draw
from constructs_lib.policy.report.picture import picture

SYSTEM = """
Charge: {Type: AWS::Lambda::Function, Properties: {Timeout: 20}}
Checkout:
  Type: AWS::StepFunctions::StateMachine
  Properties:
    StateMachineType: EXPRESS
    Definition: {StartAt: A, States: {A: {Type: Task, Resource: !GetAtt Charge.Arn, TimeoutSeconds: 31, End: true}}}
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}
Integration:
  Type: AWS::ApiGatewayV2::Integration
  Properties:
    ApiId: !Ref Api
    IntegrationSubtype: StepFunctions-StartSyncExecution
    RequestParameters: {StateMachineArn: !Ref Checkout}
Route: {Type: AWS::ApiGatewayV2::Route, Properties: {RouteKey: POST /pay, Target: !Sub "integrations/${Integration}"}}
Site:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      Origins:
        - DomainName: !Sub ${Api}.execute-api.${AWS::Region}.amazonaws.com
          CustomOriginConfig: {OriginProtocolPolicy: https-only, OriginReadTimeout: 25}
"""


def test_text_has_one_line_for_each_wait() -> None:
    """The distribution waits for the API, the API for the workflow, the workflow for the function."""
    assert draw(picture(graph_of(SYSTEM)), "text").splitlines() == [
        "Api: POST /pay ──30 s──▶ Checkout (31 s)",
        "distribution Site ──25 s──▶ Api",
        "Checkout: A ──31 s──▶ Charge (20 s)",
    ]


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_drawings_join_all_of_them(form: str) -> None:
    """Every box stands once, and an arrow leads from each to the next."""
    lines = draw(picture(graph_of(SYSTEM)), form).splitlines()
    assert sum("->" in line or "--" in line for line in lines) == 3
    assert sum("Checkout" in line and "->" not in line and "--" not in line for line in lines) == 1


def test_page_draws_them_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The map of the page has the workflow as a box between API and function, and the table has every wait."""
    file = tmp_path_factory.mktemp("links") / "template.yaml"
    file.write_text("Resources:\n" + SYSTEM.replace("\n", "\n  "), encoding="utf-8")
    document = Document(pictures=True)
    document.add(check([str(file)]))
    page = "".join(render(document, "html"))
    for name, kind in (("Site", "distribution"), ("Api", "HTTP API"), ("Checkout", "state machine")):
        assert f"<title>{name} ({kind})</title>" in page
    assert "<td>POST /pay</td><td>30 s</td><td>Checkout</td><td>31 s</td>" in page
