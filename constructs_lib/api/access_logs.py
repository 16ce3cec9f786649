"""Access logs: one JSON object per request, in a log group of the API's own."""

from __future__ import annotations

import json
from functools import cache

from aws_cdk import aws_apigateway as apigateway

# Everything that a 504, a 429 or a 403 is explained with, and nothing that identifies a caller's secret: the ID of an
# API key, never the key. Values are quoted throughout, so that a line stays JSON where a variable is empty.
_FIELDS = {
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

_FORMAT = json.dumps(
    {field: f"$context.{variable}" for field, variable in _FIELDS.items()}, separators=(",", ":")
)


@cache
def access_log_format() -> apigateway.AccessLogFormat:
    """Give the format of a line; API Gateway takes up to 3 KB (apigw-dg/api-gateway-execution-service-limits-table)."""
    return apigateway.AccessLogFormat.custom(_FORMAT)
