"""Runs MiniStack, with the gaps mended that matter to a hierarchy of waits.

This file is executed by MiniStack's own interpreter, which does not have this package: standard library only, and
MiniStack's modules are loaded by name. MiniStack's version is pinned (``requirements.txt``), so what is mended here is
known to be there; :func:`main` fails at once when it is not.

MiniStack's CloudFormation reads a template's properties and drops some that its own services would honour, and its
gateway never gives up. Each mend is one function of :data:`MENDS`, and says what AWS does.
"""

# ruff: noqa: SLF001 - what is mended here are MiniStack's insides

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import sys
import threading
import time
import uuid
from importlib import import_module, util
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_TRUE = (True, "true", "True")  # CloudFormation takes booleans as text too
_VARIABLE = re.compile(rb"\$context(?:\.\w+)+")
LEASH = "--leash"  # end when standard input ends: the process that started this one is gone
ERROR_MESSAGE_CHARACTERS = (
    1_000  # lambda-dg/invocation-async-retain-records: "the first 1 KB of the error message"
)


def keep_function_properties() -> None:
    """DeadLetterConfig and ReservedConcurrentExecutions of a function in a template take effect."""
    functions: Any = import_module("ministack.services.lambda_svc")._functions

    def keep(name: str, properties: dict[str, Any]) -> None:
        record = functions[name]
        record["concurrency"] = properties.get("ReservedConcurrentExecutions")
        if "DeadLetterConfig" in properties:
            record["config"]["DeadLetterConfig"] = properties["DeadLetterConfig"]
        else:
            record["config"].pop("DeadLetterConfig", None)

    _after_provisioning("AWS::Lambda::Function", keep)


def name_inline_code_index() -> None:
    """Code in a template is a file named index, whatever the handler is called (cfn-ug/aws-properties-lambda-function-code)."""
    provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
    archive = provisioners._zip_inline

    def archive_index(source: str | None, _handler: str, *runtime: str) -> bytes | None:
        archived: bytes | None = archive(source, "index.handler", *runtime)
        return archived

    provisioners._zip_inline = archive_index


def keep_request_validators() -> None:
    """The request validators of a template, and the methods' use of them, take effect: a bad request gets a 400."""
    gateway: Any = import_module("ministack.services.apigateway_v1")

    def keep_validator(validator: str, properties: dict[str, Any]) -> None:
        kept = gateway._request_validators.setdefault(properties["RestApiId"], {})
        kept[validator] = {
            "id": validator,
            "name": properties.get("Name", ""),
            "validateRequestBody": properties.get("ValidateRequestBody", False) in _TRUE,
            "validateRequestParameters": properties.get("ValidateRequestParameters", False) in _TRUE,
        }

    def keep_use(_physical_id: str, properties: dict[str, Any]) -> None:
        resource = gateway._resources[properties["RestApiId"]][properties["ResourceId"]]
        method = resource["resourceMethods"][properties["HttpMethod"]]
        method["requestValidatorId"] = properties.get("RequestValidatorId")

    _after_provisioning("AWS::ApiGateway::RequestValidator", keep_validator)
    _after_provisioning("AWS::ApiGateway::Method", keep_use)


def _after_provisioning(resource_type: str, keep: Callable[[str, dict[str, Any]], None]) -> None:
    provisioners: Any = import_module("ministack.services.cloudformation.provisioners")
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    def create_and_keep(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        result = create(logical_id, properties, stack)
        keep(result[0], properties)
        return result

    def update_and_keep(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], *where: Any, **named: Any
    ) -> Any:
        result = update(physical_id, old, new, *where, **named)
        keep(result[0], new)
        return result

    handlers.update(create=create_and_keep, update=update_and_keep)


def honour_qualifiers() -> None:
    """An asynchronous event follows the retries and destination of the alias or version it was sent to."""
    service: Any = import_module("ministack.services.lambda_svc")
    invoke = service.invoke_async_with_retry

    def invoke_qualified(record: dict[str, Any], event: Any) -> None:
        name, qualifier = service._resolve_name_and_qualifier(record["config"]["FunctionArn"])
        function = service._functions.get(name) or {}
        settings = function.get("event_invoke_configs", {}).get(qualifier or "")
        invoke({**record, "event_invoke_config": settings} if settings else record, event)

    service.invoke_async_with_retry = invoke_qualified


def shape_dead_letters() -> None:
    """A dead letter is the event itself, with RequestID, ErrorCode and ErrorMessage beside it, as Lambda sends it."""
    service: Any = import_module("ministack.services.lambda_svc")
    route = service._route_async_failure

    def route_failure(target: str, name: str, event: Any, result: dict[str, Any]) -> None:
        config = service._functions.get(name, {}).get("config", {})
        if config.get("DeadLetterConfig", {}).get("TargetArn") == target and ":sqs:" in target:
            _send_dead_letter(target, event, result)
        else:
            route(target, name, event, result)

    service._route_async_failure = route_failure


def _send_dead_letter(queue_arn: str, event: Any, result: dict[str, Any]) -> None:
    _, _, _, region, account, queue = queue_arn.split(":")
    sqs: Any = import_module("boto3").client(
        "sqs",
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        aws_access_key_id=account,
        aws_secret_access_key="local",  # noqa: S106 - MiniStack checks none
    )
    error = result.get("body")
    message = error.get("errorMessage", "") if isinstance(error, dict) else str(error)
    texts = {
        "RequestID": ("String", str(uuid.uuid4())),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", message[:ERROR_MESSAGE_CHARACTERS] or "Unhandled"),
    }
    sqs.send_message(
        QueueUrl=sqs.get_queue_url(QueueName=queue)["QueueUrl"],
        MessageBody=json.dumps(event),
        MessageAttributes={
            key: {"DataType": kind, "StringValue": text} for key, (kind, text) in texts.items()
        },
    )


def tell_whose_session() -> None:
    """A handler's session token names its function's account and region, as on AWS a session belongs to both."""
    runtime: Any = import_module("ministack.core.lambda_runtime")
    credentials_of = runtime.execution_credentials

    def credentials_with_scope(config: dict[str, Any]) -> dict[str, str]:
        credentials: dict[str, str] = credentials_of(config)
        _, _, _, region, account, *_ = config["FunctionArn"].split(":")
        return {**credentials, "AWS_SESSION_TOKEN": f"{credentials['AWS_SESSION_TOKEN']}/{account}/{region}"}

    runtime.execution_credentials = credentials_with_scope


class _FunctionFailedError(Exception):
    """Carries a failed function past MiniStack's own answer, which shows the caller the function's error."""


def answer_like_the_gateway() -> None:
    """The gateway gives up after TimeoutInMillis (504, the function runs on); a failed function is a plain 502."""
    gateway: Any = import_module("ministack.services.apigateway_v1")
    shape = gateway._lambda_proxy_response
    gateway._DEFAULT_GATEWAY_RESPONSE_STATUS_CODES["FUNCTION_FAILED"] = "502"
    gateway._GATEWAY_RESPONSE_ERROR_TYPES["FUNCTION_FAILED"] = "InternalServerErrorException"

    def shape_or_fail(result: dict[str, Any]) -> Any:
        response, error = shape(result)
        if error:
            raise _FunctionFailedError
        return response, error

    gateway._lambda_proxy_response = shape_or_fail
    gateway._invoke_lambda_proxy_v1 = _bounded(gateway._invoke_lambda_proxy_v1, gateway)
    gateway._invoke_lambda_custom_v1 = _bounded(gateway._invoke_lambda_custom_v1, gateway)


def _bounded(invoke: Callable[..., Awaitable[Any]], gateway: Any) -> Callable[..., Awaitable[Any]]:
    import asyncio  # noqa: PLC0415 - this module is also read where nothing is served

    running: set[asyncio.Future[Any]] = set()  # asyncio keeps only weak references to what runs on

    async def invoke_bounded(integration: dict[str, Any], *request: Any, **named: Any) -> Any:
        call = asyncio.ensure_future(invoke(integration, *request, **named))
        running.add(call)
        call.add_done_callback(running.discard)
        call.add_done_callback(
            lambda done: done.cancelled() or done.exception()
        )  # read, so that none is reported
        await asyncio.wait({call}, timeout=integration.get("timeoutInMillis", 29_000) / 1000)
        if not call.done():
            return gateway._gw_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")
        try:
            return call.result()
        except _FunctionFailedError:
            return gateway._gw_error("FUNCTION_FAILED", "Internal server error")

    return invoke_bounded


def find_apis_of_every_account() -> None:
    """An API answers whoever calls its URL, in whichever account it is: a plain request names none."""
    gateway: Any = import_module("ministack.services.apigateway_v1")

    def find(api_id: str) -> tuple[str, str] | None:
        scopes = (scope for scope, _ in gateway._rest_apis.all_items())
        return next(((account, region) for account, region, api in scopes if api == api_id), None)

    gateway.find_api_scope = find


def leave_no_variable_unrendered() -> None:
    """A gateway response shows a context variable that has no value as nothing, not as its name."""
    gateway: Any = import_module("ministack.services.apigateway_v1")
    render = gateway._gateway_error_response

    def render_whole(error: Any, request: dict[str, Any]) -> Any:
        status, headers, body = render(error, request)
        return status, headers, _VARIABLE.sub(b"", body)

    gateway._gateway_error_response = render_whole


def invoke_asynchronously() -> None:
    """An integration with ``X-Amz-Invocation-Type: 'Event'`` maps the request, queues the event and answers at once."""
    gateway: Any = import_module("ministack.services.apigateway_v1")
    service: Any = import_module("ministack.services.lambda_svc")
    invoke = gateway._invoke_lambda_custom_v1

    async def invoke_or_queue(integration: dict[str, Any], *request: Any, **named: Any) -> Any:
        parameters = integration.get("requestParameters") or {}
        if parameters.get("integration.request.header.X-Amz-Invocation-Type") != "'Event'":
            return await invoke(integration, *request, **named)
        reference = gateway._extract_lambda_ref_from_integration_uri(integration["uri"])
        record, config, _ = service._get_func_record_for_ref(reference)
        if record is None:
            return gateway._gw_error("API_CONFIGURATION_ERROR", "Internal server error")
        function = {**record, "config": {**config, "FunctionArn": reference}}
        event = json.loads(map_request(gateway, integration, request, named.get("authorizer_context")))
        service.invoke_async_with_retry(function, event)
        status = gateway._default_integration_response_status_v1(integration)
        return status, {"Content-Type": "application/json"}, b""

    gateway._invoke_lambda_custom_v1 = invoke_or_queue


def map_request(gateway: Any, integration: dict[str, Any], request: tuple[Any, ...], caller: Any) -> str:
    """Give what the integration's mapping template makes of a request; the body itself where it has none."""
    api, stage, _, resource, path, method, headers, body, query, parameters = request
    text = body.decode() if body else "{}"
    template = (integration.get("requestTemplates") or {}).get("application/json")
    if template:
        first = {key: value[0] if isinstance(value, list) else value for key, value in (query or {}).items()}
        places = {"path": parameters or {}, "querystring": first, "header": headers or {}}
        context = {
            "requestId": str(uuid.uuid4()),
            "requestTimeEpoch": str(int(time.time() * 1000)),
            "apiId": api,
            "stage": stage,
            "path": f"/{stage}{path}",
            "resourcePath": resource["path"],
            "httpMethod": method,
            "authorizer": caller or {},
        }
        named = {**places["header"], **places["querystring"], **places["path"], **places}
        text = gateway._render_request_template_v1(template, text, named, context)
    return text


def understand_escapes() -> None:
    """Mapping templates may say ``$util.escapeJavaScript(x).replaceAll(a, b)``, as every one that makes JSON has to."""
    gateway: Any = import_module("ministack.services.apigateway_v1")
    resolve = gateway._vtl_util

    def values(arguments: str, state: Any) -> list[str]:
        parts = gateway._vtl_split_args(arguments)
        return [gateway._vtl_str(gateway._vtl_value(part, state)) for part in parts]

    def resolve_escapes(steps: Any, state: Any) -> Any:
        if not steps or steps[0][0] != "escapeJavaScript":
            return resolve(steps, state)
        text = json.dumps(values(steps[0][1], state)[0])[1:-1].replace("'", "\\'").replace("/", "\\/")
        for name, arguments in steps[1:]:
            if name == "replaceAll":
                pattern, new = values(arguments, state)
                text = re.sub(pattern, new.replace("\\", "\\\\"), text)
        return text

    gateway._vtl_util = resolve_escapes


MENDS = (
    keep_function_properties,
    name_inline_code_index,
    keep_request_validators,
    honour_qualifiers,
    shape_dead_letters,
    tell_whose_session,
    invoke_asynchronously,
    understand_escapes,
    answer_like_the_gateway,
    find_apis_of_every_account,
    leave_no_variable_unrendered,
)


def _mends_beside(name: str) -> tuple[Callable[[], None], ...]:
    """Load the mends in a file beside this one, by its path: this package is not installed where it runs."""
    spec = util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    mends: tuple[Callable[[], None], ...] = module.MENDS
    return mends


def hold_leash(run_directory: str) -> None:
    """End this process group, handlers included, as soon as standard input ends, and leave no files behind."""
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    shutil.rmtree(run_directory, ignore_errors=True)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Mend and run MiniStack; its settings are environment variables (``GATEWAY_PORT``, ``BIND_HOST`` ...)."""
    run_directory, *options = arguments
    if LEASH in options:
        threading.Thread(target=hold_leash, args=[run_directory], daemon=True).start()
    beside = ("workflows", "http_gateway", "sandboxes")
    for mend in (*MENDS, *chain.from_iterable(map(_mends_beside, beside))):
        mend()
    sys.argv = ["ministack"]
    import_module("ministack.app").main()


if __name__ == "__main__":
    main(sys.argv[1:])
