"""The other side of the synth benchmark: the same HTTP API, queues with readers, and state machines in plain L2.

Written as a careful person would, who asks CDK for nothing twice. The workflows' definition is given to them ready made.
"""

from __future__ import annotations

import json

from aws_cdk import ArnFormat, Aws, Duration, Fn, Names, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.aws_apigatewayv2_authorizers import HttpIamAuthorizer
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration

from bench.pairs_plain import aliased_function
from bench.parts_hardened import WORKER
from constructs_lib.api.access_logs import HTTP_FIELDS, log_line
from constructs_lib.workflow.batch import batch_workflow, rounds_within_history
from constructs_lib.workflow.retries import TaskRetries
from constructs_lib.workflow.run import run_workflow

KEPT = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE

# Texts that each side writes somewhere: no call of CDK is in them.
LOG_LINE = log_line(HTTP_FIELDS)
DEFINITION = json.dumps(
    run_workflow(
        lister=WORKER,
        worker=WORKER,
        finalizer=None,
        batch=batch_workflow(WORKER, TaskRetries(), rounds_within_history(TaskRetries())),
        execution_type="STANDARD",
        batch_size=10,
        max_concurrency=100,
        tolerated_failure_percentage=100,
        retries=TaskRetries(),
        timeout=86_400,
    )
).replace("${Partition}", "aws")


def http_api(stack: Stack, routes: int) -> None:
    """Add one HTTP API, whose routes take turns with two functions; each route may invoke its own alone."""
    aliases = [aliased_function(stack, name).function_arn for name in ("Even", "Odd")]
    # CDK's own permissions would let any method and stage in.
    handlers = [
        lambda_.Function.from_function_attributes(
            stack, name, function_arn=arn, same_environment=False, skip_permissions=True
        )
        for name, arn in zip(("EvenHandler", "OddHandler"), aliases, strict=True)
    ]
    log_group = logs.LogGroup(
        stack, "AccessLogs", retention=logs.RetentionDays.THREE_MONTHS, removal_policy=KEPT
    )
    api = apigatewayv2.HttpApi(
        stack,
        "Api",
        api_name=Names.unique_resource_name(stack),
        create_default_stage=False,
        disable_execute_api_endpoint=False,
    )
    stage = apigatewayv2.HttpStage(
        stack,
        "Stage",
        http_api=api,
        stage_name="$default",
        auto_deploy=True,
        throttle=apigatewayv2.ThrottleSettings(rate_limit=30, burst_limit=60),
        detailed_metrics_enabled=True,
    )
    # CDK names the group by an ARN that ends in :*, which drifts.
    group_arn = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=log_group.log_group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    cfn_stage = stage.node.default_child
    assert isinstance(cfn_stage, apigatewayv2.CfnStage)
    cfn_stage.access_log_settings = apigatewayv2.CfnStage.AccessLogSettingsProperty(
        destination_arn=group_arn, format=LOG_LINE
    )
    stage_arn = stack.format_arn(service="execute-api", resource=api.api_id, resource_name="$default/")
    authorizer, wait = HttpIamAuthorizer(), Duration.millis(9501)
    for number in range(routes):
        path = f"/orders{number}"
        api.add_routes(
            path=path,
            methods=[apigatewayv2.HttpMethod.GET],
            integration=HttpLambdaIntegration("Integration", handlers[number % 2], timeout=wait),
            authorizer=authorizer,
        )
        lambda_.CfnPermission(
            stack,
            f"Invoke{number}",
            action="lambda:InvokeFunction",
            function_name=aliases[number % 2],
            principal="apigateway.amazonaws.com",
            source_arn=f"{stage_arn}GET{path}",
        )


def queue_workers(stack: Stack, size: int) -> None:
    """Add queues that one function reads."""
    alias = aliased_function(stack, "Function")
    waits = {seconds: Duration.seconds(seconds) for seconds in (42, 60, 345_600, 1_209_600)}
    for number in range(size):
        name = f"Worker{number}"
        failures = sqs.Queue(
            stack,
            f"{name}Failures",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=waits[1_209_600],
            removal_policy=KEPT,
        )
        queue_name = f"Pairs-{name}"
        allowed = failures.node.default_child
        assert isinstance(allowed, sqs.CfnQueue)
        allowed.redrive_allow_policy = {
            "redrivePermission": "byQueue",
            "sourceQueueArns": [stack.format_arn(service="sqs", resource=queue_name)],
        }
        queue = sqs.Queue(
            stack,
            f"{name}Queue",
            queue_name=queue_name,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            visibility_timeout=waits[42],
            retention_period=waits[345_600],
            dead_letter_queue=sqs.DeadLetterQueue(queue=failures, max_receive_count=5),
            removal_policy=KEPT,
        )
        queue.grant_consume_messages(alias)
        lambda_.EventSourceMapping(
            stack,
            f"{name}Mapping",
            target=alias,
            event_source_arn=queue.queue_arn,
            batch_size=10,
            max_concurrency=20,
            report_batch_item_failures=True,
        )
        _alarm_on_messages(stack, f"{name}FailuresAlarm", failures, waits[60])
        cloudwatch.Alarm(
            stack,
            f"{name}AgeAlarm",
            alarm_description=f"{name}: messages wait",
            metric=queue.metric_approximate_age_of_oldest_message(period=waits[60]),
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            threshold=126,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


def _alarm_on_messages(stack: Stack, name: str, queue: sqs.Queue, period: Duration) -> None:
    cloudwatch.Alarm(
        stack,
        name,
        alarm_description=f"{name}: failed for good",
        metric=queue.metric_approximate_number_of_messages_visible(period=period, statistic="Maximum"),
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        threshold=1,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )


def workflows(stack: Stack, size: int) -> None:
    """Add state machines that invoke the same two functions, each with its table, bucket, queue, logs and role."""
    lister, worker = (aliased_function(stack, name) for name in ("Lister", "Worker"))
    aliases = {"Lister": lister.function_arn, "Worker": worker.function_arn}
    for number in range(size):
        _workflow(stack, f"Workflow{number}", lister, aliases)


def _workflow(stack: Stack, name: str, lister: lambda_.Alias, aliases: dict[str, str]) -> None:
    table = dynamodb.Table(
        stack,
        f"{name}Progress",
        partition_key=dynamodb.Attribute(name="run", type=dynamodb.AttributeType.STRING),
        sort_key=dynamodb.Attribute(name="batch", type=dynamodb.AttributeType.STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.AWS_MANAGED,
        time_to_live_attribute="expires",
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        removal_policy=KEPT,
    )
    rule = s3.LifecycleRule(
        expiration=Duration.days(90), abort_incomplete_multipart_upload_after=Duration.days(1)
    )
    bucket = s3.Bucket(
        stack,
        f"{name}Items",
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        lifecycle_rules=[rule],
        removal_policy=KEPT,
    )
    failures = sqs.Queue(
        stack,
        f"{name}Failures",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        removal_policy=KEPT,
    )
    _alarm_on_messages(stack, f"{name}FailuresAlarm", failures, Duration.minutes(1))
    unique = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    log_group = logs.LogGroup(
        stack,
        f"{name}Logs",
        log_group_name=f"/aws/vendedlogs/states/Pairs-{name}-{unique}",
        retention=logs.RetentionDays.THREE_MONTHS,
        removal_policy=KEPT,
    )
    role = iam.Role(stack, f"{name}Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
    results = bucket.arn_for_objects("*/results/*")
    for actions, resources in (
        (["lambda:InvokeFunction"], list(aliases.values())),
        (["s3:GetObject"], [bucket.arn_for_objects("*/items.jsonl"), results]),
        (["s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"], [results]),
    ):
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))
    table.grant(role, "dynamodb:GetItem", "dynamodb:UpdateItem")
    failures.grant(role, "sqs:SendMessage")
    machine = sfn.StateMachine(
        stack,
        f"{name}Machine",
        state_machine_type=sfn.StateMachineType.STANDARD,
        definition_body=sfn.DefinitionBody.from_string(DEFINITION),
        definition_substitutions={
            **aliases,
            "Bucket": bucket.bucket_name,
            "Failures": failures.queue_url,
            "Progress": table.table_name,
        },
        role=role,
        tracing_enabled=True,
        logs=sfn.LogOptions(destination=log_group, level=sfn.LogLevel.ALL, include_execution_data=False),
    )
    _grant_own_executions(stack, name, machine, role)
    bucket.grant_put(lister, "*/items.jsonl")


def _grant_own_executions(stack: Stack, name: str, machine: sfn.StateMachine, role: iam.Role) -> None:
    machine_name = machine.state_machine_name
    execution, children, map_run = (
        stack.format_arn(
            service="states",
            resource=resource,
            resource_name=f"{machine_name}{which}",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        for resource, which in (("execution", ":*"), ("execution", "/Batches:*"), ("mapRun", "/Batches:*"))
    )
    policy = iam.Policy(stack, f"{name}OwnExecutions")
    for actions, resources in (
        (["states:StartExecution"], [machine.state_machine_arn]),
        (["states:DescribeExecution", "states:StopExecution"], [execution, children]),
        (["states:DescribeMapRun"], [map_run]),
    ):
        policy.add_statements(iam.PolicyStatement(actions=actions, resources=resources))
    policy.attach_to_role(role)
