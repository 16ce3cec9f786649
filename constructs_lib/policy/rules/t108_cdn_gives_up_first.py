"""T108 cdn-gives-up-first."""

from __future__ import annotations

from constructs_lib.limits import CLOUDFRONT_ATTEMPTS, CLOUDFRONT_READ_DEFAULT, CLOUDFRONT_READ_MAX, INIT_MAX
from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.services.slow_origins import slow_origins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_URL = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: 60}}
Url: {Type: AWS::Lambda::Url, Properties: {TargetFunctionArn: !GetAtt Orders.Arn, AuthType: AWS_IAM, INVOKE}}
Site:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      Origins:
        - Id: orders
          DomainName: !Select [2, !Split ["/", !GetAtt Url.FunctionUrl]]
          CustomOriginConfig: {OriginProtocolPolicy: https-only, READ}
"""
_BUFFERED = _URL.replace("INVOKE", "InvokeMode: BUFFERED")
_API = """
Orders: {Type: AWS::Lambda::Function, Properties: {Timeout: FUNCTION}}
Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP, Target: !GetAtt Orders.Arn}}
Site:
  Type: AWS::CloudFront::Distribution
  Properties:
    DistributionConfig:
      Origins:
        - Id: orders
          DomainName: !Sub ${Api}.execute-api.${AWS::Region}.amazonaws.com
          CustomOriginConfig: {OriginProtocolPolicy: https-only, OriginReadTimeout: 20}
"""


class CdnGivesUpFirst(Rule):
    """CloudFront stops waiting while the API or function behind it may still answer.

    ## Why is this bad?
    The viewer gets a 504 while the function runs on. CloudFront then asks again for a GET, by default three times in all,
    so that the same work runs side by side: more attempts do not make it wait longer for any of them.

    ## What to do
    Raise OriginReadTimeout over the API's integration timeout or the function's timeout, or lower those.

    ## Known limits
    An API is not reported where its function's timeout and the 10 s that an init may take fit into the read timeout.
    When the first byte of a streamed response comes is not known.
    """

    id = "T108"
    name = "cdn-gives-up-first"
    severity = WARNING
    limits = (CLOUDFRONT_READ_DEFAULT, CLOUDFRONT_READ_MAX, CLOUDFRONT_ATTEMPTS, INIT_MAX)
    bad = {
        "function URL behind the default of 30 s": _BUFFERED.replace("READ", "HTTPSPort: 443"),
        "API behind 20 s": _API.replace("FUNCTION", "25"),
    }
    good = {
        "as long as the function": _BUFFERED.replace("READ", "OriginReadTimeout: 60"),
        "function that ends in time": _API.replace("FUNCTION", "10"),
    }
    undecided = {
        "read timeout imported": _BUFFERED.replace("READ", "OriginReadTimeout: !ImportValue read"),
        "streamed": _URL.replace("INVOKE", "InvokeMode: RESPONSE_STREAM").replace("READ", "HTTPSPort: 443"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Compare each origin's read timeout with the slowest route behind it; one finding an origin is enough."""
        limit = graph.settings.cloudfront_read or CLOUDFRONT_READ_MAX
        for slow in slow_origins(graph):
            edge, tries, most = slow.edge, slow.attempts, slow.most
            again = f", and CloudFront asks for a GET {tries:g} times in all, each beside the last"
            name = "" if edge.label.endswith(edge.source.name) else f" of {edge.source.name}"
            message = (
                f"{slow.origin.label} waits {slow.read:g} s for {edge.label}{name}, which may take {most:g} s: "
                f"the viewer gets a 504{again if tries > 1 else ''}."
            )
            fix = f"Raise OriginReadTimeout to >= {most:g} (limit {limit:g} s), or shorten what it waits for."
            path = (slow.origin.distribution.id, *edge.path)
            yield self.finding(slow.origin.read.place, message, fix=fix, path=path, when=slow.when)
