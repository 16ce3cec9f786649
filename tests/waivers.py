"""The one place where findings of other tools on the reference app are waived, each with its reason.

``tests/stacks/test_scanners.py`` fails on a finding that is not waived here, and on a waiver that no finding needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, order=True)
class Finding:
    """What a tool complains about: its rule, and the resource by logical id or construct path within its stack."""

    rule: str
    resource: str


@dataclass(frozen=True)
class Waiver:
    """A rule that may complain about some resources, and why nothing is changed there."""

    rule: str
    resources: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Tell whether this is what was waived."""
        return finding.rule == self.rule and fnmatchcase(finding.resource, self.resources)


_SYNCHRONOUS = (
    "API Gateway waits for its answer: a failure reaches the caller, and a dead-letter queue would stay empty"
)
_ANSWERING = ("Authorize", "ReadOrders", "PlaceOrder", "Diagnostics", "Unguarded")
_AWS_KEY = (
    "encrypted with a key that AWS manages; a customer key has a price per month and per call, and pays off where its "
    "policy separates duties, which is the deploying team's decision"
)

WAIVERS = (
    # cfn-lint
    Waiver(
        "W3005",
        "*Function*",
        "CDK itself writes the function's dependency on its role; it says twice what is so",
    ),
    # cdk-nag, AwsSolutions
    Waiver(
        "AwsSolutions-APIG2", "Api/*", "bodies are validated; no route has a parameter that could be missing"
    ),
    Waiver(
        "AwsSolutions-APIG3",
        "Api/*",
        "a web ACL is shared by an account's APIs and belongs to no single stack",
    ),
    Waiver(
        "AwsSolutions-COG4",
        "Api/*",
        "customers are services with signed tokens, checked by a Lambda authorizer",
    ),
    Waiver(
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
        "ApiGatewayAccountRole/*",
        "the policy that API Gateway's guide names for this role; AWS extends it when the service needs more",
    ),
    Waiver("AwsSolutions-IAM5[Resource::*]", "*/Role/DefaultPolicy/*", "X-Ray's actions know no resources"),
    Waiver(
        "AwsSolutions-SMG4",
        "SigningKey/*",
        "a new key makes every token invalid at once, so whoever hands out tokens rotates it together with them",
    ),
    # cdk-nag, Serverless
    *(Waiver("Serverless-LambdaDLQ", f"{name}/*", _SYNCHRONOUS) for name in _ANSWERING),
    Waiver(
        "Serverless-SQSRedrivePolicy", "NotifyCustomer/DeadLetterQueue/*", "it is a dead-letter queue itself"
    ),
    Waiver(
        "Serverless-LambdaAsyncFailureDestination",
        "NotifyCustomer/*",
        "failed events go to a dead-letter queue, which the rule does not see; both would store them twice",
    ),
    # checkov
    Waiver(
        "CKV_AWS_27",
        "NotifyCustomerDeadLetterQueue*",
        f"{_AWS_KEY}; checkov does not see SqsManagedSseEnabled",
    ),
    Waiver(
        "CKV_AWS_115",
        "*Function*",
        "reserved concurrency is taken from all other functions of the account; the API's throttle limits this one",
    ),
    *(Waiver("CKV_AWS_116", f"{name}Function*", _SYNCHRONOUS) for name in _ANSWERING),
    Waiver(
        "CKV_AWS_117",
        "*Function*",
        "it calls DynamoDB and the extension only; a VPC would add a network to reach them",
    ),
    Waiver("CKV_AWS_119", "Orders*", _AWS_KEY),
    Waiver(
        "CKV_AWS_120", "Api*", "the dev stage has no cache, so that a test sees what the function answers"
    ),
    Waiver("CKV_AWS_149", "SigningKey*", _AWS_KEY),
    Waiver("CKV_AWS_158", "*Logs*", f"{_AWS_KEY}; no secret is logged"),
    Waiver("CKV_AWS_173", "*Function*", f"{_AWS_KEY}; variables hold names and numbers, no secret"),
)


def unwaived(findings: set[Finding]) -> list[Finding]:
    """Give what is not waived, in order."""
    return sorted(each for each in findings if not any(waiver.covers(each) for waiver in WAIVERS))


def unneeded(findings: set[Finding]) -> list[Waiver]:
    """Give the waivers that no finding needs."""
    return [waiver for waiver in WAIVERS if not any(map(waiver.covers, findings))]
