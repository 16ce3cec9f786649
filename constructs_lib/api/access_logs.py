"""Access logs: one JSON object per request, in a log group of the API's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from aws_cdk import aws_apigateway as apigateway

# Everything that a 504, a 429 or a 403 is explained with, and nothing that identifies a caller's secret: the ID of an
# API key, never the key. Values are quoted throughout, so that a line stays JSON where a variable is empty.
REST_FIELDS = {
    "requestId": "requestId",
    "extendedRequestId": "extendedRequestId",
    "xrayTraceId": "xrayTraceId",
    "requestTime": "requestTime",
    "stage": "stage",
    "httpMethod": "httpMethod",
    "resourcePath": "resourcePath",
    "path": "path",
    "protocol": "protocol",
    "status": "status",
    "responseLength": "responseLength",
    "responseLatency": "responseLatency",
    "integrationLatency": "integration.latency",
    "integrationStatus": "integration.status",
    "integrationError": "integration.error",
    "authorizerLatency": "authorizer.latency",
    "authorizerStatus": "authorizer.status",
    "authorizerError": "authorizer.error",
    "principalId": "authorizer.principalId",
    "apiKeyId": "identity.apiKeyId",
    "sourceIp": "identity.sourceIp",
    "userAgent": "identity.userAgent",
    "errorMessage": "error.message",
    "errorType": "error.responseType",
    "wafStatus": "waf.status",
}

_OF_LAMBDA = {
    "routeKey": "routeKey",
    "lambdaStatus": "integration.integrationStatus",
    "lambdaRequestId": "integration.requestId",
    "userArn": "identity.userArn",
}


def _rest_fields_but(*names: str) -> dict[str, str]:
    return {field: variable for field, variable in REST_FIELDS.items() if field not in names}


HTTP_FIELDS = {
    **_rest_fields_but(
        "xrayTraceId", "resourcePath", "authorizerLatency", "authorizerStatus", "apiKeyId", "wafStatus"
    ),
    **_OF_LAMBDA,
    "tokenSubject": "authorizer.claims.sub",
}
"""apigw-dg/http-api-logging-variables. ``integrationStatus`` is the status of the function's answer, ``lambdaStatus`` Lambda's own."""

WEBSOCKET_FIELDS = {
    **_rest_fields_but(
        "httpMethod", "resourcePath", "path", "protocol", "responseLength", "responseLatency", "apiKeyId"
    ),
    **_OF_LAMBDA,
    "eventType": "eventType",
    "connectionId": "connectionId",
    "connectedAt": "connectedAt",
    "messageId": "messageId",
}
"""apigw-dg/websocket-api-logging"""


def log_line(fields: Mapping[str, str]) -> str:
    """Write the format of a line; API Gateway takes up to 3 KB (apigw-dg/api-gateway-execution-service-limits-table).

    Example:
        >>> log_line({"requestId": "requestId", "principalId": "authorizer.principalId"})
        '{"requestId":"$context.requestId","principalId":"$context.authorizer.principalId"}'
    """
    return json.dumps({field: f"$context.{name}" for field, name in fields.items()}, separators=(",", ":"))


@cache
def access_log_format() -> apigateway.AccessLogFormat:
    """Give the format of a REST API's line."""
    return apigateway.AccessLogFormat.custom(log_line(REST_FIELDS))
