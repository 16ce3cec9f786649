"""How a route waits for an express workflow: StartSyncExecution, and an answer whose status says how the execution ended."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk.aws_apigateway import IntegrationOptions, PassthroughBehavior
from constructs import Construct

from constructs_lib.api.async_event import check_distinct_inputs, event_template
from constructs_lib.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import TypeIs

    from constructs_lib.api.routes import Route
    from constructs_lib.workflow.express_workflow import ExpressWorkflow

_milliseconds = cache(Duration.millis)  # each made once: it is a round trip to another process
_API_GATEWAY = iam.ServicePrincipal("apigateway.amazonaws.com")
_HEADER = "method.response.header."
_FAILED = '{"message":"Internal server error","requestId":"$context.requestId"}'
_TIMED_OUT = '{"message":"Endpoint request timed out","requestId":"$context.requestId"}'

# StartSyncExecution answers 200 however the execution ended; what failed in it is not the caller's to read.
ANSWER = f"""\
#set($run = $input.path('$'))
#if($run.status == "SUCCEEDED")
$run.output
#elseif($run.status == "TIMED_OUT")
#set($context.responseOverride.status = 504)
{_TIMED_OUT}
#else
#set($context.responseOverride.status = 502)
{_FAILED}
#end
"""


def is_workflow(target: object) -> TypeIs[ExpressWorkflow]:
    """Tell whether this is a workflow that a route can wait for.

    By what it has, not by its class: importing that takes CDK's modules for workflows along, for APIs without any.
    """
    return hasattr(target, "state_machine") and hasattr(target, "integration")


def check_waits(subject: str, route: Route) -> None:
    """Refuse what a route that waits for a workflow cannot do.

    Raises:
        RefusedError: an asynchronous or streamed one, or two inputs of one name.
    """
    for option, why in (
        ("asynchronous", "the route waits for the workflow, and answers what it answers"),
        ("stream", "the answer of a workflow comes as a whole"),
    ):
        if getattr(route, option):
            raise RefusedError(
                f"{subject}: {option}",
                got=f"{option}=True on a route to an ExpressWorkflow",
                allowed=f"a HardenedFunction: {why}",
                fix=f"leave {option} out",
            )
    check_distinct_inputs(subject, route)


class WorkflowIntegrations:
    """The integrations of one API with workflows; each workflow has a role that may start it and nothing else."""

    def __init__(self, scope: Construct, headers: Mapping[str, str]) -> None:
        self._scope = scope
        self._headers = {_HEADER + name: value for name, value in headers.items()}
        self._roles: dict[ExpressWorkflow, iam.Role] = {}

    def waiting(self, route: Route, workflow: ExpressWorkflow, milliseconds: int) -> apigateway.Integration:
        """Start the workflow with the request's event, wait for its end, and answer what it answered."""
        request = f'{{"stateMachineArn":"{workflow.state_machine.state_machine_arn}","input":"'
        event = event_template(route, within_string=True)
        return apigateway.AwsIntegration(
            service="states",
            action="StartSyncExecution",
            options=IntegrationOptions(
                timeout=_milliseconds(milliseconds),
                credentials_role=self._role(workflow),
                cache_key_parameters=list(route.cache_key) or None,
                request_templates={"application/json": f'{request}{event}"}}'},
                passthrough_behavior=PassthroughBehavior.NEVER,
                integration_responses=[
                    self._response("200", ANSWER),
                    self._response("502", _FAILED, selection_pattern=r"[45]\d{2}"),
                ],
            ),
        )

    def answers(self) -> list[apigateway.MethodResponse]:
        """Declare the answers of such a route."""
        headers = dict.fromkeys(self._headers, True) or None
        return [
            apigateway.MethodResponse(status_code=code, response_parameters=headers)
            for code in ("200", "502", "504")
        ]

    def _response(
        self, status: str, template: str, *, selection_pattern: str | None = None
    ) -> apigateway.IntegrationResponse:
        return apigateway.IntegrationResponse(
            status_code=status,
            selection_pattern=selection_pattern,
            response_templates={"application/json": template},
            response_parameters=self._headers or None,
        )

    def _role(self, workflow: ExpressWorkflow) -> iam.Role:
        if workflow not in self._roles:
            arn = workflow.state_machine.state_machine_arn
            start = iam.PolicyStatement(actions=["states:StartSyncExecution"], resources=[arn])
            free = f"Start{workflow.construct_id}"
            if self._scope.node.try_find_child(free) is not None:
                free += workflow.node.addr[-8:]
            self._roles[workflow] = iam.Role(
                self._scope,
                free,
                assumed_by=_API_GATEWAY,
                inline_policies={"Start": iam.PolicyDocument(statements=[start])},
            )
        return self._roles[workflow]
