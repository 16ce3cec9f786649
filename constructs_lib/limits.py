"""The facts: every AWS number that this package uses, with its unit, its source and the day it was checked.

One home per fact. Constructs set numbers from here, rules check against the same ones, and messages quote them. A
:class:`Fact` *is* its number, so it takes part in arithmetic as it stands. Durations are in seconds.

Source names: ``lambda-dg`` is docs.aws.amazon.com/lambda/latest/dg, ``apigw-dg`` is
docs.aws.amazon.com/apigateway/latest/developerguide, and ``botocore:X`` is botocore's model of service X.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, Self

    Evidence = Literal["documented", "tried", "secondary", "unsure"]

CHECKED = "2026-11-21"


class Fact(float):
    """A number from AWS that knows its unit, where it was read, and when.

    ``evidence`` says how well it is known: ``documented`` (AWS's own words), ``tried`` (seen happening),
    ``secondary`` (a third party) or ``unsure`` (nothing fails on it alone).

    Example:
        >>> REST_REGIONAL_WAIT
        29 s (apigw-dg/api-gateway-execution-service-limits-table, checked 2026-11-21)
        >>> REST_REGIONAL_WAIT - 4
        25.0
    """

    __slots__ = ("checked", "evidence", "source", "unit")

    unit: str
    source: str
    evidence: Evidence
    checked: str

    def __new__(
        cls,
        value: float,
        unit: str,
        source: str,
        *,
        evidence: Evidence = "documented",
        checked: str = CHECKED,
    ) -> Self:
        """Make the number and hang its origin on it."""
        fact = super().__new__(cls, value)
        fact.unit, fact.source, fact.evidence, fact.checked = unit, source, evidence, checked
        return fact

    def __str__(self) -> str:
        """Give the value with its unit, as messages quote it."""
        return f"{float(self):g} {self.unit}".rstrip()

    def __repr__(self) -> str:
        """Give the value with its unit and origin."""
        return f"{self} ({self.source}, checked {self.checked})"


_QUOTAS = "lambda-dg/gettingstarted-limits"
_ENVIRONMENT = "lambda-dg/lambda-runtime-environment"
_REST = "apigw-dg/api-gateway-execution-service-limits-table"
_CACHING = "apigw-dg/api-gateway-caching"
_HTTP = "apigw-dg/http-api-quotas"
_WEBSOCKET = "apigw-dg/apigateway-execution-service-websocket-limits-table"
_STREAM = "apigw-dg/response-transfer-mode"
_SQS_LAMBDA = "lambda-dg/services-sqs-configure"
_EXTENSION = "systems-manager/userguide/ps-integration-lambda-extensions"
_CONTAINERS = "aaronstuyvenberg.com/posts/containers-on-lambda"
_PROVISIONED = "lambda-dg/provisioned-concurrency"

# How long a gateway waits ---------------------------------------------------------------------------------------
REST_REGIONAL_WAIT = Fact(29, "s", _REST)  # default; raisable by quota L-E5AE38E3, Regional and private only
REST_PRIVATE_WAIT = Fact(29, "s", _REST)
REST_EDGE_WAIT = Fact(29, "s", _REST)  # not raisable
REST_RAISED_WAIT = Fact(300, "s", "repost.aws/questions/QUlDTc_17EQ_mOJAhR3LHNDw", evidence="secondary")
REST_STREAM_WAIT = Fact(
    900, "s", _STREAM
)  # ResponseTransferMode=STREAM, all endpoint types, no quota request
HTTP_API_WAIT = Fact(30, "s", _HTTP)  # default and maximum, not raisable
HTTP_API_AUTHORIZER_WAIT = Fact(10, "s", _HTTP)
WEBSOCKET_WAIT = Fact(29, "s", "botocore:apigatewayv2 TimeoutInMillis")
WEBSOCKET_CONNECTION_LIFE = Fact(7_200, "s", _WEBSOCKET)
REST_AUTHORIZER_WAIT = Fact(29, "s", "zenn.dev/mn87/articles/8ffc61d9f585a6", evidence="unsure")
ALB_IDLE_DEFAULT = Fact(60, "s", "botocore:elbv2 LoadBalancerAttribute")
APPSYNC_WAIT = Fact(30, "s", "general/latest/gr/appsync", evidence="unsure")
COGNITO_TRIGGER_WAIT = Fact(
    5, "s", "cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers"
)
COGNITO_TRIGGER_ATTEMPTS = Fact(
    3, "attempts", "cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers"
)
EDGE_VIEWER_TIMEOUT = Fact(5, "s", "AmazonCloudFront/latest/DeveloperGuide/edge-functions-restrictions")
EDGE_ORIGIN_TIMEOUT = Fact(30, "s", "AmazonCloudFront/latest/DeveloperGuide/edge-functions-restrictions")
CLOUDFRONT_READ_DEFAULT = Fact(30, "s", "botocore:cloudfront CustomOriginConfig.OriginReadTimeout")
CLOUDFRONT_READ_MAX = Fact(120, "s", "botocore:cloudfront CustomOriginConfig.OriginReadTimeout")
CLOUDFRONT_ATTEMPTS = Fact(
    3, "", "botocore:cloudfront Origin.ConnectionAttempts"
)  # response timeouts count too
CUSTOM_RESOURCE_WAIT = Fact(
    3600, "s", "AWS::CloudFormation::CustomResource ServiceTimeout"
)  # default and maximum

# Lambda ---------------------------------------------------------------------------------------------------------
LAMBDA_TIMEOUT_DEFAULT = Fact(3, "s", "botocore:lambda CreateFunctionRequest.Timeout")
LAMBDA_TIMEOUT_MIN = Fact(1, "s", "botocore:lambda CreateFunctionRequest.Timeout")
LAMBDA_TIMEOUT_MAX = Fact(900, "s", "botocore:lambda CreateFunctionRequest.Timeout")
LAMBDA_MEMORY_MIN = Fact(128, "MB", _QUOTAS)
LAMBDA_MEMORY_MAX = Fact(10_240, "MB", _QUOTAS)
LAMBDA_MEMORY_PER_VCPU = Fact(1_769, "MB", "lambda-dg/configuration-memory")
LAMBDA_TMP_DEFAULT = Fact(512, "MB", "botocore:lambda EphemeralStorage")
LAMBDA_ENVIRONMENT_MAX = Fact(4_096, "B", _QUOTAS)
LAMBDA_POLICY_MAX = Fact(20 * 1024, "B", _QUOTAS)  # of one function, version or alias
LAMBDA_LAYERS_MAX = Fact(5, "layers", _QUOTAS)
IMAGE_FASTER_PYTHON = Fact(200 * 1024 * 1024, "B", _CONTAINERS, evidence="secondary")  # unzipped
IMAGE_FASTER_NODE = Fact(30 * 1024 * 1024, "B", _CONTAINERS, evidence="secondary")
LAMBDA_PACKAGE_MAX = Fact(250 * 1024 * 1024, "B", _QUOTAS)  # unzipped, layers included
ACCOUNT_CONCURRENCY = Fact(1_000, "", _QUOTAS)
UNRESERVED_CONCURRENCY_MIN = Fact(100, "", "botocore:lambda PutFunctionConcurrency")
INIT_MAX = Fact(10, "s", _ENVIRONMENT)  # on demand; beyond it init is repeated inside the function's timeout
INIT_MAX_WARM = Fact(
    130, "s", _ENVIRONMENT
)  # provisioned or SnapStart: this or the function's timeout if higher
SNAPSTART_TMP_MAX = Fact(512, "MB", "lambda-dg/snapstart")
ASYNC_RETRIES_MAX = Fact(2, "retries", "lambda-dg/invocation-async-error-handling")  # default and maximum
ASYNC_EVENT_AGE_MIN = Fact(60, "s", "botocore:lambda MaximumEventAgeInSeconds")
ASYNC_EVENT_AGE_MAX = Fact(21_600, "s", "botocore:lambda MaximumEventAgeInSeconds")
PROVISIONED_HEADROOM = Fact(0.1, "", _PROVISIONED)  # AWS suggests 10 % on top of the measured need
PROVISIONED_TARGET_MIN = Fact(0.1, "", "aws-cdk-lib aws-lambda IScalableFunctionAttribute.scaleOnUtilization")
PROVISIONED_TARGET_MAX = Fact(0.9, "", "aws-cdk-lib aws-lambda IScalableFunctionAttribute.scaleOnUtilization")

# SQS, SNS and streams -------------------------------------------------------------------------------------------
SQS_VISIBILITY_DEFAULT = Fact(30, "s", "botocore:sqs SetQueueAttributes.VisibilityTimeout")
SQS_VISIBILITY_MAX = Fact(43_200, "s", "botocore:sqs SetQueueAttributes.VisibilityTimeout")
SQS_VISIBILITY_FACTOR = Fact(6, "times", _SQS_LAMBDA)  # plus the batch window
SQS_RECEIVES_MIN = Fact(5, "receives", _SQS_LAMBDA)
SQS_RECEIVES_DEFAULT = Fact(10, "receives", "botocore:sqs RedrivePolicy")
SQS_RETENTION_MAX = Fact(1_209_600, "s", "botocore:sqs MessageRetentionPeriod")
SQS_RETENTION_DEFAULT = Fact(345_600, "s", "botocore:sqs MessageRetentionPeriod")
SQS_BATCH_DEFAULT = Fact(10, "messages", "botocore:lambda CreateEventSourceMapping.BatchSize")
SQS_BATCH_WITHOUT_WINDOW = Fact(10, "messages", "botocore:lambda CreateEventSourceMapping.BatchSize")
SQS_BATCH_MAX = Fact(10_000, "messages", "botocore:lambda CreateEventSourceMapping.BatchSize")
SQS_RECEIVES_MAX = Fact(1_000, "receives", "botocore:sqs RedrivePolicy")
SQS_RECEIVES_COUNTED_IN_AGE = Fact(  # then a standard queue's metric leaves the message out
    3, "receives", "AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics"
)
SQS_CONCURRENCY_MIN = Fact(2, "", "botocore:lambda ScalingConfig.MaximumConcurrency")
SQS_CONCURRENCY_MAX = Fact(1_000, "", "botocore:lambda ScalingConfig.MaximumConcurrency")
SQS_POLLERS_MIN = Fact(2, "pollers", "botocore:lambda ProvisionedPollerConfig.MinimumPollers")
SQS_POLLERS_MIN_MOST = Fact(200, "pollers", "botocore:lambda ProvisionedPollerConfig.MinimumPollers")
SQS_POLLERS_MAX = Fact(2_000, "pollers", "aws-cdk-lib SqsEventSource")  # the API takes 10,000 by now
SQS_POLLERS_MAX_DEFAULT = Fact(200, "pollers", "botocore:lambda ProvisionedPollerConfig.MaximumPollers")
SQS_POLLER_CONCURRENCY = Fact(10, "invocations", _SQS_LAMBDA, evidence="secondary")
BATCH_WINDOW_MAX = Fact(300, "s", "botocore:lambda CreateEventSourceMapping.MaximumBatchingWindowInSeconds")
STREAM_BATCH_DEFAULT = Fact(100, "records", "botocore:lambda CreateEventSourceMapping.BatchSize")
STREAM_BATCH_MAX = Fact(10_000, "records", "botocore:lambda CreateEventSourceMapping.BatchSize")
STREAM_RETRIES_MAX = Fact(10_000, "retries", "botocore:lambda MaximumRetryAttempts")
STREAM_RECORD_AGE_MIN = Fact(60, "s", "botocore:lambda MaximumRecordAgeInSeconds")
STREAM_RECORD_AGE_MAX = Fact(604_800, "s", "botocore:lambda MaximumRecordAgeInSeconds")
STREAM_PARALLELIZATION_MAX = Fact(10, "batches", "botocore:lambda ParallelizationFactor")
TUMBLING_WINDOW_MAX = Fact(900, "s", "botocore:lambda TumblingWindowInSeconds")
EVENT_FILTERS_MAX = Fact(
    10, "filters", "lambda/latest/dg/invocation-eventfiltering", evidence="secondary"
)  # 5 by default
DYNAMODB_STREAM_EXPIRY = Fact(86_400, "s", "amazondynamodb/latest/developerguide/Streams")
KINESIS_RETENTION_DEFAULT = Fact(24, "h", "botocore:kinesis CreateStream")
STREAM_RETRIES_DEFAULT = Fact(
    -1, "retries", "botocore:lambda MaximumRetryAttempts"
)  # -1: until the record expires
EVENT_TARGET_RETRIES_DEFAULT = Fact(185, "retries", "eventbridge/latest/userguide/eb-rule-retry-policy")
EVENT_TARGET_AGE_DEFAULT = Fact(24, "h", "eventbridge/latest/userguide/eb-rule-retry-policy")
EVENT_TARGET_AGE_MIN = Fact(
    60, "s", "botocore:events RetryPolicy.MaximumEventAgeInSeconds"
)  # Scheduler's too
SCHEDULER_PRECISION = Fact(60, "s", "scheduler/latest/UserGuide/schedule-types")  # within the minute after

# Step Functions -------------------------------------------------------------------------------------------------
TASK_TIMEOUT_DEFAULT = Fact(99_999_999, "s", "step-functions/latest/dg/state-task")
EXPRESS_MAX = Fact(300, "s", "step-functions/latest/dg/choosing-workflow-type")
INLINE_MAP_CONCURRENCY_MAX = Fact(40, "iterations", "step-functions/latest/dg/state-map-inline")
STANDARD_MAX = Fact(31_536_000, "s", "step-functions/latest/dg/choosing-workflow-type")  # one year
RETRY_DELAY_BELOW = Fact(
    31_622_400, "s", "step-functions/latest/dg/concepts-error-handling", evidence="secondary"
)
HISTORY_EVENTS_MAX = Fact(25_000, "events", "step-functions/latest/dg/service-quotas")  # of one execution
MAP_CONCURRENCY_MAX = Fact(10_000, "executions", "step-functions/latest/dg/service-quotas")  # of one map run
RETRY_INTERVAL_DEFAULT = Fact(1, "s", "states-language.net/spec.html#retrying-after-error")
RETRY_ATTEMPTS_DEFAULT = Fact(3, "retries", "states-language.net/spec.html#retrying-after-error")
RETRY_BACKOFF_RATE_DEFAULT = Fact(2, "", "states-language.net/spec.html#retrying-after-error")

# SDK clients ----------------------------------------------------------------------------------------------------
BOTOCORE_CONNECT_DEFAULT = Fact(60, "s", "botocore config.py", evidence="tried")
BOTOCORE_READ_DEFAULT = Fact(60, "s", "botocore config.py", evidence="tried")
BOTOCORE_ATTEMPTS_DEFAULT = Fact(3, "attempts", "botocore retries/standard.py", evidence="tried")
BOTOCORE_THROTTLED_BACKOFF_BASE = Fact(
    1, "s", "botocore retries/standard.py", evidence="tried"
)  # doubled each time
BOTOCORE_BACKOFF_MAX = Fact(20, "s", "botocore retries/standard.py", evidence="tried")

# API Gateway: cache, throttle, limits ---------------------------------------------------------------------------
CACHE_SIZES_GB = tuple(
    Fact(size, "GB", "botocore:apigateway CacheClusterSize")
    for size in (0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237)
)
CACHE_TTL_DEFAULT = Fact(300, "s", _CACHING)
CACHE_TTL_MAX = Fact(3600, "s", _CACHING)  # 0 switches caching off
AUTHORIZER_TTL_MAX = Fact(3600, "s", "botocore:apigateway CreateAuthorizer")
GATEWAY_RATE_MAX = Fact(10_000, "requests/s", _REST)
GATEWAY_BURST_MAX = Fact(5_000, "requests", _REST)
GATEWAY_RATE_MAX_SMALL_REGIONS = Fact(2_500, "requests/s", _REST)
GATEWAY_BURST_MAX_SMALL_REGIONS = Fact(1_250, "requests", _REST)
GATEWAY_SMALL_REGIONS = frozenset({  # _REST names them by city
    "af-south-1", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7", "ca-west-1",
    "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "mx-central-1",
})  # fmt: skip

# Parameters and Secrets extension -------------------------------------------------------------------------------
EXTENSION_TTL_MAX = Fact(300, "s", _EXTENSION)  # default and maximum
EXTENSION_CACHE_SIZE_MAX = Fact(1_000, "items", _EXTENSION)  # default and maximum; 0 switches the cache off
EXTENSION_CONNECTIONS_DEFAULT = Fact(3, "connections", _EXTENSION)
EXTENSION_PORT_DEFAULT = Fact(2773, "", _EXTENSION)
EXTENSION_LAYERS_CHECKED = "2025-10-22"  # day of AWS's own list, from the page above

# Region: (account of the layer, version for x86_64, version for arm64)
EXTENSION_LAYERS: dict[str, tuple[str, int, int]] = {
    "af-south-1": ("317013901791", 21, 18),
    "ap-east-1": ("768336418462", 23, 20),
    "ap-east-2": ("890742577149", 9, 5),
    "ap-northeast-1": ("133490724326", 21, 21),
    "ap-northeast-2": ("738900069198", 21, 18),
    "ap-northeast-3": ("576959938190", 21, 18),
    "ap-south-1": ("176022468876", 21, 21),
    "ap-south-2": ("070087711984", 18, 10),
    "ap-southeast-1": ("044395824272", 21, 21),
    "ap-southeast-2": ("665172237481", 21, 21),
    "ap-southeast-3": ("490737872127", 21, 18),
    "ap-southeast-4": ("090732460067", 11, 10),
    "ap-southeast-5": ("381492012281", 10, 10),
    "ap-southeast-6": ("995508174458", 5, 3),
    "ap-southeast-7": ("941377119484", 9, 8),
    "ca-central-1": ("200266452380", 23, 20),
    "ca-west-1": ("243964427225", 11, 10),
    "cn-north-1": ("287114880934", 21, 10),
    "cn-northwest-1": ("287310001119", 21, 10),
    "eu-central-1": ("187925254637", 21, 21),
    "eu-central-2": ("772501565639", 18, 10),
    "eu-north-1": ("427196147048", 21, 18),
    "eu-south-1": ("325218067255", 21, 18),
    "eu-south-2": ("524103009944", 20, 12),
    "eu-west-1": ("015030872274", 21, 21),
    "eu-west-2": ("133256977650", 21, 21),
    "eu-west-3": ("780235371811", 21, 18),
    "il-central-1": ("148806536434", 11, 10),
    "me-central-1": ("858974508948", 21, 10),
    "me-south-1": ("832021897121", 21, 18),
    "mx-central-1": ("241533131596", 8, 7),
    "sa-east-1": ("933737806257", 21, 18),
    "us-east-1": ("177933569100", 21, 21),
    "us-east-2": ("590474943231", 25, 25),
    "us-gov-east-1": ("129776340158", 21, 10),
    "us-gov-west-1": ("127562683043", 21, 10),
    "us-west-1": ("997803712105", 21, 18),
    "us-west-2": ("345057560386", 21, 21),
}


def partition_of(region: str) -> str:
    """Return the ARN partition of a region: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return partition
    return "aws"


def extension_layer_arn(region: str, architecture: Literal["arm64", "x86_64"]) -> str | None:
    """Return the ARN of the pinned Parameters and Secrets layer, or None where AWS's list names no such region.

    Example:
        >>> extension_layer_arn("eu-west-1", "arm64")
        'arn:aws:lambda:eu-west-1:015030872274:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:21'
    """
    if region not in EXTENSION_LAYERS:
        return None
    account, x86_64, arm64 = EXTENSION_LAYERS[region]
    name = "AWS-Parameters-and-Secrets-Lambda-Extension"
    layer = f"{name}-Arm64:{arm64}" if architecture == "arm64" else f"{name}:{x86_64}"
    return f"arn:{partition_of(region)}:lambda:{region}:{account}:layer:{layer}"
