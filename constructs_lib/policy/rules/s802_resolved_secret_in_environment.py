"""S802 resolved-secret-in-environment."""

from __future__ import annotations

import re

from constructs_lib.policy.rule import WARNING, Finding, Rule
from constructs_lib.policy.values.text import show

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Secret: {Type: AWS::SecretsManager::Secret}
Orders:
  Type: AWS::Lambda::Function
  Properties: {Environment: {Variables: {DB_PASSWORD: VALUE}}}
"""
_REFERENCE = re.compile(r"resolve:(secretsmanager|ssm-secure):")
_NO_SECRET = re.compile(
    r":SecretString:(username|user|host|port|dbname|engine|dbInstanceIdentifier|dbClusterIdentifier)\b"
)
_KINDS = {"secretsmanager": "a secret of Secrets Manager", "ssm-secure": "a SecureString parameter"}


class ResolvedSecretInEnvironment(Rule):
    """A secret is copied into the function's configuration in deployment.

    ## Why is this bad?
    The reference is not readable in the template, but what it stands for is in GetFunctionConfiguration and in the console,
    for everyone who may look at functions. A rotated secret stays the old one until the next deployment, and each
    published version keeps its copy.

    ## What to do
    Give the function the secret's name and the right to read it, and read it at run time, through the Parameters and
    Secrets extension for example.
    """

    id = "S802"
    name = "resolved-secret-in-environment"
    severity = WARNING
    bad = {
        "reference to a secret": _FUNCTION.replace(
            "VALUE", "'{{resolve:secretsmanager:orders:SecretString:password}}'"
        ),
        "reference to a SecureString": _FUNCTION.replace(
            "VALUE", "'{{resolve:ssm-secure:/orders/password}}'"
        ),
        "reference put together": _FUNCTION.replace(
            "VALUE", "!Join ['', ['{{resolve:secretsmanager:', !Ref Secret, ':SecretString:password::}}']]"
        ),
        "reference inside other text": _FUNCTION.replace(
            "VALUE", "!Sub 'postgres://app:{{resolve:secretsmanager:${Secret}}}@db/orders'"
        ),
    }
    good = {
        "user's name beside the password": _FUNCTION.replace(
            "VALUE", "'{{resolve:secretsmanager:orders:SecretString:username}}'"
        ),
        "name of the secret": _FUNCTION.replace("VALUE", "!Ref Secret"),
        "reference to a plain parameter": _FUNCTION.replace("VALUE", "'{{resolve:ssm:/orders/host}}'"),
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look for dynamic references in environment variables."""
        for function in graph.functions.values():
            for name, value in function.environment.items():
                for case in value.texts().cases:
                    found = _REFERENCE.search(show(case.data)) if type(case.data) is str else None
                    if found is None or _NO_SECRET.search(show(case.data)):
                        continue
                    message = (
                        f"{function.name} gets {_KINDS[found[1]]} copied into its environment variable {name} in deployment: "
                        "whoever may read the function's configuration has it, and after a rotation it is the old one."
                    )
                    fix = "Pass the secret's name instead, and read it at run time."
                    yield self.finding(value.place, message, fix=fix, when=case.when)
