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


_AWS_KEY = (
    "encrypted with a key that AWS manages; a customer key has a price per month and per call, and pays off where its "
    "policy separates duties, which is the deploying team's decision"
)
_ACCESS_LOGS = "access logs would tell what the progress table and the state machine's log tell already"
_DEAD_LETTERS = "it is a dead-letter queue itself"

# Where what a function fails on ends, if not in a dead-letter queue of its own.
_CALLER = (
    "API Gateway waits for its answer: a failure reaches the caller, and a dead-letter queue would stay empty"
)
_READER = "the mapping that reads for it gives what fails back, and has a dead-letter queue"
_WORKFLOW = "the workflow tries it again, and has a failure queue"
_WITHOUT_QUEUE = {
    "Authorize": _CALLER,
    "ReadOrders": _CALLER,
    "PlaceOrder": _CALLER,
    "Diagnostics": _CALLER,
    "Unguarded": _CALLER,
    "Reports/Api/Accept": _CALLER,
    "Reports/Api/Status": _CALLER,
    "Reports/ReportOrders": _READER,
    "Fulfilment/QueueOrder": _READER,
    "Fulfilment/FulfilOrder": _READER,
    "Closing/ListClosable": _WORKFLOW,
    "Closing/CloseOrders": _WORKFLOW,
    "Closing/TellClosed": _WORKFLOW,
}
_ITEMS, _MACHINE = "<ClosingWorkflowItems07E851B2.Arn>", "<ClosingWorkflowStateMachine395AA508.Name>"
_STATES = "arn:aws:states:eu-west-1:111111111111"

WAIVERS = (
    # cfn-lint
    Waiver("W3005", "*", "CDK itself writes the dependency on a role; it says twice what is so"),
    # cdk-nag, AwsSolutions
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
    Waiver(
        "AwsSolutions-IAM5[Resource::*]",
        "*/Role/DefaultPolicy/*",
        "X-Ray's actions and log deliveries know no resources",
    ),
    Waiver(
        "AwsSolutions-IAM5[Resource::<OrdersA9B65338.Arn>/index/*]",
        "*/Role/DefaultPolicy/*",
        "CDK grants a table with its indexes; it has one, which holds keys of the same orders",
    ),
    Waiver(
        "AwsSolutions-IAM5[Action::s3:Abort*]",
        "Closing/ListClosable/*",
        "CDK's grant to put an object; it also ends an upload in parts that has failed",
    ),
    Waiver(
        f"AwsSolutions-IAM5[Resource::{_ITEMS}/*/items.jsonl]", "Closing/*", "the manifest of whichever run"
    ),
    Waiver(f"AwsSolutions-IAM5[Resource::{_ITEMS}/*/results/*]", "Closing/*", "the results of whichever run"),
    *(
        Waiver(
            f"AwsSolutions-IAM5[Resource::{_STATES}:{kind}:{_MACHINE}{names}:*]",
            "Closing/Workflow/OwnExecutions/*",
            "the state machine's own executions and map runs, whose names come with each run",
        )
        for kind, names in (("execution", ""), ("execution", "/Batches"), ("mapRun", "/Batches"))
    ),
    Waiver("AwsSolutions-S1", "Closing/Workflow/Items/*", _ACCESS_LOGS),
    Waiver(
        "AwsSolutions-SMG4",
        "SigningKey/*",
        "a new key makes every token invalid at once, so whoever hands out tokens rotates it together with them",
    ),
    # cdk-nag, Serverless, and where AwsSolutions has the same rule
    *(Waiver("Serverless-LambdaDLQ", f"{name}/Function/*", why) for name, why in _WITHOUT_QUEUE.items()),
    *(
        Waiver(rule, queue, _DEAD_LETTERS)
        for rule in ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy")
        for queue in ("*/DeadLetterQueue/*", "Closing/Workflow/FailureQueue/*")
    ),
    *(
        Waiver(
            "Serverless-LambdaAsyncFailureDestination",
            f"{name}/*",
            "failed events go to a dead-letter queue, which the rule does not see; both would store them twice",
        )
        for name in ("NotifyCustomer", "Fulfilment/InvoiceOrder")
    ),
    Waiver(
        "Serverless-LambdaEventSourceMappingDestination",
        "*/Mapping/*",
        "what a queue's worker fails on goes back to the queue, which has a dead-letter queue",
    ),
    # checkov
    Waiver("CKV_AWS_18", "ClosingWorkflowItems*", _ACCESS_LOGS),
    Waiver(
        "CKV_AWS_21",
        "ClosingWorkflowItems*",
        "a manifest is written once, results under a name of their own, and both expire",
    ),
    Waiver("CKV_AWS_27", "*Queue*", f"{_AWS_KEY}; checkov does not see SqsManagedSseEnabled"),
    Waiver(
        "CKV_AWS_115",
        "*Function*",
        "reserved concurrency is taken from all other functions of the account; the API's throttle, the worker's and "
        "the workflow's maximum limit these",
    ),
    *(
        Waiver("CKV_AWS_116", f"{name.replace('/', '')}Function*", why)
        for name, why in _WITHOUT_QUEUE.items()
    ),
    Waiver(
        "CKV_AWS_117",
        "*Function*",
        "it calls AWS's own services and the extension only; a VPC would add a network to reach them",
    ),
    *(Waiver("CKV_AWS_119", table, _AWS_KEY) for table in ("Orders*", "*Progress*", "*Records*")),
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
