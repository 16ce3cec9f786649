"""Request validation: JSON schema checked while the app is built, and at most three validators per API."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from constructs_lib.errors import RefusedError

DRAFT_4 = "http://json-schema.org/draft-04/schema#"


def check_schema(subject: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema as API Gateway takes it: JSON schema draft 4, naming its draft.

    Raises:
        RefusedError: something that is no draft 4 schema, or uses a keyword of a later draft, which API Gateway
            refuses at deploy time; names the place in the schema.
    """
    from jsonschema import Draft4Validator, exceptions  # noqa: PLC0415 - only APIs with a body schema need it

    if not isinstance(schema, Mapping):
        raise _refused(
            subject, "$", f"{type(schema).__name__}: {schema!r}", "an object: a JSON schema (draft 4)"
        )
    named = {"$schema": DRAFT_4, **schema}
    if str(named["$schema"]).rstrip("#") != DRAFT_4.rstrip("#"):
        raise _refused(subject, "$.$schema", named["$schema"], DRAFT_4)
    try:
        json.dumps(named)
    except (TypeError, ValueError) as unsaid:
        raise _refused(subject, "$", str(unsaid), "values that JSON knows") from unsaid
    # Draft 4 lets unknown keywords pass; those of later drafts would promise a check that nobody makes.
    meta = {**Draft4Validator.META_SCHEMA, "additionalProperties": False}
    meta["properties"] = {**meta["properties"], "$ref": {"type": "string"}}
    error = exceptions.best_match(Draft4Validator(meta).iter_errors(named))
    if error is not None:
        raise _refused(
            subject, error.json_path, error.message, "JSON schema draft 4, as API Gateway knows it"
        )
    return named


def _refused(subject: str, place: str, got: str, allowed: str) -> RefusedError:
    return RefusedError(
        f"{subject}: body schema at {place}", got=got, allowed=allowed, fix="correct the schema"
    )


class RequestValidation:
    """The models and validators of one API, each made when a route first needs it and shared from then on."""

    def __init__(self, scope: Construct, api: apigateway.RestApi) -> None:
        self._scope, self._api = scope, api
        self._models: dict[str, apigateway.IModel] = {}
        self._validators: dict[tuple[bool, bool], apigateway.RequestValidator] = {}

    def method_options(self, schema: Mapping[str, Any] | None, inputs: Mapping[str, bool]) -> dict[str, Any]:
        """Give the options with which a method has its body and its required parameters checked."""
        options: dict[str, Any] = {"request_parameters": dict(inputs)} if inputs else {}
        body = schema is not None
        # A path parameter is there by itself, else the path would not have matched.
        parameters = any(required and ".path." not in name for name, required in inputs.items())
        if schema is not None:
            model = self._model(schema)
            # $default catches bodies of any other content type, which would else pass unchecked.
            options["request_models"] = {"application/json": model, "$default": model}
        if body or parameters:
            options["request_validator"] = self._validator(body, parameters)
        return options

    def _model(self, schema: Mapping[str, Any]) -> apigateway.IModel:
        """Give the model of a schema; its id carries the content, so that a change is deployed."""
        text = json.dumps(schema, sort_keys=True)
        name = f"Body{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        if name not in self._models:
            made = apigateway.CfnModel(
                self._scope,
                name,
                rest_api_id=self._api.rest_api_id,
                content_type="application/json",
                schema=dict(schema),
            )
            self._models[name] = apigateway.Model.from_model_name(self._scope, f"{name}Name", made.ref)
        return self._models[name]

    def _validator(self, body: bool, parameters: bool) -> apigateway.RequestValidator:
        kind = (body, parameters)
        if kind not in self._validators:
            name = " and ".join(
                word for word, wanted in (("body", body), ("parameters", parameters)) if wanted
            )
            self._validators[kind] = self._api.add_request_validator(
                f"Validate {name}".title().replace(" ", ""),
                request_validator_name=name,
                validate_request_body=body,
                validate_request_parameters=parameters,
            )
        return self._validators[kind]
