"""Mends of MiniStack's HTTP and WebSocket APIs, so that they give up, throttle and hide errors as AWS does.

Executed by MiniStack's own interpreter, as ``serve.py`` is, which loads this file from beside itself: standard library
only, and MiniStack's modules are loaded by name.
"""

# ruff: noqa: SLF001 - what is mended here are MiniStack's insides

from __future__ import annotations

import asyncio
import json
import os
import re
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable

_JSON = {"Content-Type": "application/json"}
_FAILED = 500
_API_URL = re.compile(r"^https://(?P<api>[a-z0-9]+)\.execute-api\.[^/]+/(?P<stage>[^/]+)$")

_failed: ContextVar[bool] = ContextVar("_failed", default=False)
_running: set[asyncio.Future[Any]] = set()  # asyncio keeps only weak references to what runs on


def note_failed_functions() -> None:
    """Keep apart a function that failed and one that answers 502 itself."""
    service: Any = import_module("ministack.services.lambda_svc")
    shape = service.lambda_execute_result_to_api_proxy_response

    def shape_and_note(result: dict[str, Any]) -> Any:
        _failed.set(bool(result.get("error")))
        return shape(result)

    service.lambda_execute_result_to_api_proxy_response = shape_and_note


def answer_like_an_http_api() -> None:
    """A function that takes longer than TimeoutInMillis is a 503 and runs on; one that fails is a 500, without its error."""
    gateway: Any = import_module("ministack.services.apigateway")
    invoke = gateway._invoke_lambda_proxy

    async def answer(integration: dict[str, Any], *request: Any, **named: Any) -> Any:
        async def call() -> Any:
            _failed.set(False)
            answered = await invoke(integration, *request, **named)
            return _error(_FAILED, "Internal Server Error") if _failed.get() else answered

        done = await _within(integration.get("timeoutInMillis", 30_000), call())
        return done.result() if done else _error(503, "Service Unavailable")

    gateway._invoke_lambda_proxy = answer


def answer_like_a_websocket_api() -> None:
    """A function that fails or takes too long is a message with the connection's and the request's id, no more."""
    gateway: Any = import_module("ministack.services.apigateway")
    invoke = gateway._invoke_ws_lambda

    async def answer(  # noqa: PLR0917 - as it is called
        api: str,
        account: str,
        region: str,
        route: dict[str, Any],
        stage: str,
        connection: str,
        *more: Any,
        **named: Any,
    ) -> Any:
        event, request, *_ = more
        integrations = gateway._integrations.get_scoped(account, region, api, {})
        integration = integrations.get(route.get("target", "").rpartition("/")[2], {})
        call = invoke(api, account, region, route, stage, connection, *more, **named)
        done = await _within(integration.get("timeoutInMillis", 29_000), call)
        answered = done.result() if done else None
        if done and not _is_error(answered):
            return answered
        text = {"message": "Internal server error", "connectionId": connection, "requestId": request}
        return {"statusCode": _FAILED, "body": json.dumps(text) if event == "MESSAGE" else ""}

    gateway._invoke_ws_lambda = answer


def throttle_routes() -> None:
    """The throttle of a stage and of its routes lets through what its bucket holds; the rest is a 429."""
    gateway: Any = import_module("ministack.services.apigateway")
    rest: Any = import_module("ministack.services.apigateway_v1")
    execute = gateway._handle_execute_in_scope

    async def execute_within(api: str, stage: str, path: str, method: str, *more: Any) -> Any:
        route = gateway._match_route(api, method, "/" + path.lstrip("/"))
        key = (route or {}).get("routeKey")
        settings = gateway._stages.get(api, {}).get(stage, {})
        limits = (settings.get("routeSettings") or {}).get(key) or settings.get("defaultRouteSettings") or {}
        bucket = {
            "rateLimit": limits.get("ThrottlingRateLimit"),
            "burstLimit": limits.get("ThrottlingBurstLimit"),
        }
        if route and not rest._take_token(("http", api, stage, key), bucket):
            return _error(429, "Too Many Requests")
        return await execute(api, stage, path, method, *more)

    gateway._handle_execute_in_scope = execute_within


def tell_handlers_where_apis_are() -> None:
    """A handler's variable with the URL of an API's stage names this machine: what it sends to connections arrives."""
    provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    create, update = handlers["create"], handlers["update"]

    def create_here(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        return create(logical_id, _with_local_urls(properties), stack)

    def update_here(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], *where: Any, **named: Any
    ) -> Any:
        return update(physical_id, old, _with_local_urls(new), *where, **named)

    handlers.update(create=create_here, update=update_here)


def _with_local_urls(properties: dict[str, Any]) -> dict[str, Any]:
    environment = properties.get("Environment") or {}
    here = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/_aws/execute-api"
    variables = {
        name: _API_URL.sub(rf"{here}/\g<api>/\g<stage>", value) if isinstance(value, str) else value
        for name, value in (environment.get("Variables") or {}).items()
    }
    return {**properties, "Environment": {**environment, "Variables": variables}} if variables else properties


async def _within(milliseconds: int, call: Awaitable[Any]) -> asyncio.Future[Any] | None:
    """Wait for a call; one that takes longer runs on, and its end is read, so that none is reported."""
    running = asyncio.ensure_future(call)
    _running.add(running)
    running.add_done_callback(_running.discard)
    running.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait({running}, timeout=milliseconds / 1000)
    return running if running.done() else None


def _is_error(answered: Any) -> bool:
    """Tell MiniStack's report of a failed function from what a function may answer."""
    return (
        isinstance(answered, dict)
        and answered.keys() == {"statusCode", "body"}
        and answered["statusCode"] == _FAILED
    )


def _error(status: int, message: str) -> tuple[int, dict[str, str], bytes]:
    return status, dict(_JSON), json.dumps({"message": message}).encode()


MENDS = (
    note_failed_functions,
    answer_like_an_http_api,
    answer_like_a_websocket_api,
    throttle_routes,
    tell_handlers_where_apis_are,
)
