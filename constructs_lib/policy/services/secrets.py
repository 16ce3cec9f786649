"""What looks like a secret: by the name of a variable, by the shape of its value."""

from __future__ import annotations

import re

from constructs_lib.policy.values.cases import Unknown
from constructs_lib.policy.values.text import OPEN, is_plain, why_unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph
    from constructs_lib.policy.values import Resource, Value

_VARIABLES = (
    ("AWS::Lambda::Function", "Environment", "Variables"),
    ("AWS::ApiGateway::Stage", "Variables"),
    ("AWS::ApiGatewayV2::Stage", "StageVariables"),
)
_AUTH, _CONNECTION = "AuthParameters", "AWS::Events::Connection"
_PASSWORDS = (
    *(
        (f"AWS::{kind}", "MasterUserPassword")
        for kind in ("RDS::DBInstance", "RDS::DBCluster", "Redshift::Cluster")
    ),
    (_CONNECTION, _AUTH, "ApiKeyAuthParameters", "ApiKeyValue"),
    (_CONNECTION, _AUTH, "BasicAuthParameters", "Password"),
    (_CONNECTION, _AUTH, "OAuthParameters", "ClientParameters", "ClientSecret"),
)
# Compiled at the first use, which many templates never come to: compiling takes longer than checking a small one.
_SENSITIVE = (
    r"(?i)(passw(or)?d|(?<![a-z])pass|passphrase|passcode|pwd|secret|token|api_?key|credentials?|basic_?auth"
    r"|(private|access|secret|encryption|signing|master|auth|hmac|jwt|license|account)_?key)(_?[0-9]+)?$"
)
_KEY_NAME = r"(?i)(encryption|signing|master)_?key$"  # may hold the id of a KMS key
_SHAPE = (
    r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60}"
    r"|glpat-[\w-]{20}|xox[abposr]-[0-9A-Za-z-]{20}|hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16}"
    r"|[sr]k_(?:live|test)_[0-9A-Za-z]{20}|whsec_[0-9A-Za-z+/]{24}|hf_[A-Za-z0-9]{34}|GOCSPX-[\w-]{28}|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{32}|AIza[0-9A-Za-z_-]{35}"
    r"|SG\.[\w-]{16,}\.[\w-]{32}|npm_[A-Za-z0-9]{36}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|(?<![\w-])eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"
)
_URL_PASSWORD = rf"(?i)^[a-z][a-z0-9+.-]*://[^\s/:@{OPEN}]*:([^\s/@{OPEN}]+)@"
_PAIR_PASSWORD = rf"(?i)(?:^|[;?&\s])(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*([^;&\s{OPEN}]+)"
_PLACEHOLDER = (
    r"(?i)^.{0,3}$|^[0-9]{1,4}$|^(none|null|nil|true|false|enabled?|disabled?|required|optional|undefined|n/a|unset|empty|"
    r"(please[-_ ])?(change|replace|update|fill|set|insert|enter)[-_ ]?(me|this|it|in|here)?.{0,12}|.*\byour[-_ ].*|dummy.*|fake.*|mock.*|demo|sample.*|"
    r"(api[-_ ]?)?key[-_ ]?value|.*secret[-_]?name|"
    r"(?!.*:).*\bexample\b.*|.*example$|place[-_ ]?holder.*|to[-_ ]?do.*|tbd|test|xxx+.*|\*+|\.+|-+|your.*|<.*>|\[.*\]|\$\{.*|\{\{.*)$"
)
_INDIRECT = r"(?i)(arn:|ssm:|secretsmanager:|alias/|/[\w./-]*$|\.{1,2}/|s3://|https?://|[\w.-]+\.(json|ya?ml|pem|key|p12|crt|txt|env|ini)$)"
_LOWER_PATH = r"[a-z0-9_.-]+(/[a-z0-9_.-]+)+"
_HOLDER = r"(?i)(passw(or)?d|token|credentials?|key)_?secret$"  # which secret holds it, rather than what
_KEBAB = r"[a-z]+(-[a-z]+)+"
_UUID = r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def named_settings(graph: Graph) -> Iterator[tuple[Resource, str, Value]]:
    """List the settings that carry a name of the author's or of AWS's which may call them secret: (owner, name, value)."""
    for kind, *keys in _VARIABLES:
        for resource in graph.of_type(kind):
            for name, value in resource.get(*keys).items():
                yield resource, name, value
    for resource, variables in _listed(graph):
        for each in variables.elements():
            if each.get("Type").default("PLAINTEXT").only == "PLAINTEXT":
                yield resource, str(each.get("Name").only), each.get("Value")
    for kind, *keys in _PASSWORDS:
        for resource in graph.of_type(kind):
            yield resource, keys[-1].removesuffix("Value"), resource.get(*keys)


def _listed(graph: Graph) -> Iterator[tuple[Resource, Value]]:
    for task in graph.of_type("AWS::ECS::TaskDefinition"):
        for container in task.get("ContainerDefinitions").elements():
            yield task, container.get("Environment")
    for project in graph.of_type("AWS::CodeBuild::Project"):
        yield project, project.get("Environment", "EnvironmentVariables")


def is_literal_secret(name: str, value: object) -> str | None:
    """Judge one value of an environment variable.

    Returns:
        "" if it is a secret in plain text, None if it is none, or the reason why that cannot be known.
    """
    if isinstance(value, Unknown):
        return value.reason if re.search(_SENSITIVE, name) else None
    if type(value) is not str:
        return None
    if _has_secret_shape(value):
        return ""
    if not re.search(_SENSITIVE, name) or not is_plain(value) or _names_something(name, value):
        return _unknown_piece(name, value)
    return None if re.match(_PLACEHOLDER, value) else ""


def _has_secret_shape(value: str) -> bool:
    found = re.search(_SHAPE, value)
    if found and not found[0].endswith("EXAMPLE"):  # the key of AWS's own documentation
        return True
    given = re.match(_URL_PASSWORD, value) or re.search(_PAIR_PASSWORD, value)
    return (
        given is not None
        and not re.match(_PLACEHOLDER, given[1])
        and given[1].lower() not in {"password", "pass"}
    )


def _names_something(name: str, value: str) -> bool:
    """Tell whether the value says where the secret is: an ARN, a path, an address, a key's id."""
    if re.match(_INDIRECT, value) or re.fullmatch(_LOWER_PATH, value):
        return True
    if re.search(_HOLDER, name) and re.fullmatch(_KEBAB, value):
        return True
    return bool(re.search(_KEY_NAME, name) and re.fullmatch(_UUID, value))


def _unknown_piece(name: str, value: str) -> str | None:
    """Note a parameter without a value; what is fetched or made in deployment is no literal."""
    reason = why_unknown(value) if re.search(_SENSITIVE, name) else None
    return reason if reason and reason.startswith("parameter") else None
