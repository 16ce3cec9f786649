"""T103 gateway-wait-over-limit."""

from __future__ import annotations

from constructs_lib.limits import (
    CLOUDFRONT_READ_MAX,
    HTTP_API_WAIT,
    REST_EDGE_WAIT,
    REST_REGIONAL_WAIT,
    REST_STREAM_WAIT,
    WEBSOCKET_WAIT,
)
from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.integrations import Integration, integrations, limit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_LEAST = min(REST_REGIONAL_WAIT, REST_EDGE_WAIT, WEBSOCKET_WAIT)  # within it no endpoint type matters
_REST = """
Api: {Type: AWS::ApiGateway::RestApi, Properties: {EndpointConfiguration: {Types: [ENDPOINT]}}}
Get:
  Type: AWS::ApiGateway::Method
  Properties:
    RestApiId: !Ref Api
    HttpMethod: GET
    Integration: {Type: HTTP_PROXY, TimeoutInMillis: 60000, MODE}
"""
_REGIONAL = _REST.replace("ENDPOINT", "REGIONAL")
_V2 = """
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: PROTOCOL}}
Orders: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Api, TimeoutInMillis: MILLIS}}
"""
_IMPORTED = """
Api:
  Type: AWS::ApiGateway::RestApi
  Properties: {Body: {paths: {/a: {get: {x-amazon-apigateway-integration: {timeoutInMillis: 30000}}}}}}
"""
_ORIGIN = """
Site:
  Type: AWS::CloudFront::Distribution
  Properties: {DistributionConfig: {Origins: [{CustomOriginConfig: {OriginReadTimeout: SECONDS}}]}}
"""


class GatewayWaitOverLimit(Rule):
    """A gateway is told to wait longer than its kind allows.

    ## Why is this bad?
    Synth and linters accept the number, the deployment fails on it half way and rolls back.

    ## What to do
    Lower the wait; or stream the response of a REST API (ResponseTransferMode: STREAM, up to 15 minutes); or, on a
    Regional or private REST API, have quota L-E5AE38E3 raised and tell the checker with the setting `rest_wait`. For
    CloudFront's origin response timeout the setting is `cloudfront_read`.
    """

    id = "T103"
    name = "gateway-wait-over-limit"
    severity = ERROR
    limits = (
        REST_REGIONAL_WAIT,
        REST_EDGE_WAIT,
        REST_STREAM_WAIT,
        HTTP_API_WAIT,
        WEBSOCKET_WAIT,
        CLOUDFRONT_READ_MAX,
    )
    bad = {
        "Regional API without the raised quota": _REGIONAL.replace("MODE", "HttpMethod: GET"),
        "edge-optimized API": _REST.replace("ENDPOINT", "EDGE").replace("MODE", "HttpMethod: GET"),
        "streaming beyond 15 minutes": _REGIONAL.replace("60000", "900001").replace(
            "MODE", "ResponseTransferMode: STREAM"
        ),
        "OpenAPI body": _IMPORTED,
        "HTTP API": _V2.replace("PROTOCOL", "HTTP").replace("MILLIS", "30001"),
        "CloudFront origin": _ORIGIN.replace("SECONDS", "121"),
        "WebSocket API": _V2.replace("PROTOCOL", "WEBSOCKET").replace("MILLIS", "30000"),
    }
    good = {
        "at the limit": _REGIONAL.replace("60000", "29000").replace("MODE", "HttpMethod: GET"),
        "streamed": _REGIONAL.replace("MODE", "ResponseTransferMode: STREAM"),
        "CloudFront origin at the limit": _ORIGIN.replace("SECONDS", "120"),
        "HTTP API at the limit": _V2.replace("PROTOCOL", "HTTP").replace("MILLIS", "30000"),
    }
    undecided = {"timeout imported": _V2.replace("PROTOCOL", "HTTP").replace("MILLIS", "!ImportValue wait")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Hold each integration against the limit of its API's kind, endpoint type and transfer mode."""
        for each in integrations(graph):
            for wait, mode, when in graph.known(each.wait, each.mode):
                if wait <= _LEAST:
                    continue
                for endpoint, both in graph.known(each.endpoint, given=when):
                    limit, words = limit_of(each.kind, mode, endpoint, graph.settings)
                    if wait > limit:
                        message = f"{each.label} is to wait {wait:g} s, but {words}: the deployment fails."
                        fix = f"Lower {each.wait.place.keys[-1]} to <= {_written(each, limit)}."
                        yield self.finding(each.wait.place, message, fix=fix, path=each.path, when=both)


def _written(integration: Integration, limit: float) -> str:
    return f"{limit:g}" if integration.kind == "cdn" else f"{limit * 1000:.0f}"
