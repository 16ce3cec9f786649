"""Gateway responses: what API Gateway answers where no function did, readable by browsers too."""

from __future__ import annotations

from functools import cache

from aws_cdk import aws_apigateway as apigateway
from aws_cdk.aws_apigateway import CorsOptions, ResponseType

from constructs_lib.errors import RefusedError

RETRY_AFTER_SECONDS = 1  # API Gateway refills its token bucket every second

_BODY = '{"message":$context.error.messageString,"requestId":"$context.requestId"}'
_BODY_OF_INVALID = (
    '{"message":$context.error.messageString,"reason":"$context.error.validationErrorString",'
    '"requestId":"$context.requestId"}'
)


def cors_headers(cors: CorsOptions | None) -> dict[str, str]:
    """Give the headers that let a browser show an answer to its page, as API Gateway's quoted literals.

    Several origins cannot be told apart in a static answer, so it names any origin; it carries no data but a message
    and a request id.
    """
    if cors is None:
        return {}
    origins = cors.allow_origins
    headers = {"Access-Control-Allow-Origin": f"'{origins[0]}'" if len(origins) == 1 else "'*'"}
    if cors.allow_credentials:
        headers["Access-Control-Allow-Credentials"] = "'true'"
    if cors.expose_headers:
        headers["Access-Control-Expose-Headers"] = f"'{','.join(cors.expose_headers)}'"
    if headers["Access-Control-Allow-Origin"] != "'*'":
        headers["Vary"] = "'Origin'"
    return headers


def check_cors(subject: str, cors: CorsOptions | None) -> None:
    """Refuse what a browser would not accept, and what CDK would refuse only when the first route is half made.

    Raises:
        RefusedError: no origin, ``*`` beside others, an age beside ``disable_cache``, or credentials with more than
            one origin or with ``*``.
    """
    if cors is None:
        return
    if not cors.allow_origins or ("*" in cors.allow_origins and len(cors.allow_origins) > 1):
        raise RefusedError(
            f"{subject}: cors",
            got=f"allow_origins {', '.join(cors.allow_origins) or 'without an origin'}",
            allowed="one or more origins, or * alone",
            fix='allow_origins=["https://shop.example"]',
        )
    if cors.max_age is not None and cors.disable_cache:
        raise RefusedError(
            f"{subject}: cors",
            got="max_age together with disable_cache",
            allowed="one of the two",
            fix="drop disable_cache to let browsers keep the preflight's answer",
        )
    if not cors.allow_credentials:
        return
    if len(cors.allow_origins) != 1 or cors.allow_origins[0] == "*":
        raise RefusedError(
            f"{subject}: cors",
            got=f"allow_credentials with origins {', '.join(cors.allow_origins)}",
            allowed="one origin: browsers take no * with credentials, and a gateway response is the same for all",
            fix="name one origin, or drop allow_credentials",
        )


def add_preflight(resource: apigateway.IResource, cors: CorsOptions) -> None:
    """Answer a browser's question whether it may call this path."""
    resource.add_cors_preflight(
        allow_origins=cors.allow_origins,
        allow_headers=cors.allow_headers,
        allow_methods=cors.allow_methods,
        allow_credentials=cors.allow_credentials,
        expose_headers=cors.expose_headers,
        max_age=cors.max_age,
        disable_cache=cors.disable_cache,
        status_code=cors.status_code,
    )


def add_gateway_responses(api: apigateway.RestApi, cors: CorsOptions | None) -> None:
    """Answer gateway errors as JSON with the request id, with CORS headers, and 429 with Retry-After."""
    headers = cors_headers(cors)
    for name, (kind, status) in _kinds().items():
        own = {"Retry-After": f"'{RETRY_AFTER_SECONDS}'"} if name == "Throttled" else {}
        api.add_gateway_response(
            name,
            type=kind,
            status_code=status,
            response_headers={**headers, **own} or None,
            templates={"application/json": _BODY},
        )


def add_bad_body_response(api: apigateway.RestApi, cors: CorsOptions | None) -> None:
    """Tell the caller of a route with a body schema what is wrong with the body."""
    api.add_gateway_response(
        "BadRequestBody",
        type=ResponseType.BAD_REQUEST_BODY,
        status_code="400",
        response_headers=cors_headers(cors) or None,
        templates={"application/json": _BODY_OF_INVALID},
    )


@cache
def _kinds() -> dict[str, tuple[ResponseType, str | None]]:
    """Give type and status by construct id; asked once, as CDK computes each type anew in another process."""
    return {
        "Default4xx": (ResponseType.DEFAULT_4_XX, None),
        "Default5xx": (ResponseType.DEFAULT_5_XX, None),
        "Throttled": (ResponseType.THROTTLED, "429"),
        "IntegrationTimeout": (ResponseType.INTEGRATION_TIMEOUT, "504"),
    }
