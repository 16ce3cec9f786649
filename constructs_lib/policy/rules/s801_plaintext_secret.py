"""S801 plaintext-secret."""

from __future__ import annotations

import re

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.values.text import is_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Orders:
  Type: AWS::Lambda::Function
  Properties: {Environment: {Variables: {DB_PASSWORD: SECRET}}}
"""
_SECRET = re.compile(
    r"(?i)(^|_|[a-z])(password|passwd|pwd|secret|token|api_?key|private_?key|access_?key|credentials?)(_?[0-9]+)?$"
)
_INDIRECT = re.compile(
    r"(?i)(arn|name|id|path|url|uri|endpoint|header|ttl|type|expir\w*|length|count|prefix)$"
)
_SHAPE = re.compile(
    r"(?:AKIA|ASIA)[A-Z2-7]{16}$|gh[pousr]_[A-Za-z0-9]{36}|xox[abp]-[0-9A-Za-z-]{20,}|sk_live_[0-9A-Za-z]{20,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
_PLACEHOLDER = re.compile(
    r"(?i)^$|^(none|null|true|false|changeme|change[-_ ]me|dummy|example|placeholder|todo|test|xxx+|\*+|your.*|<.*>|[0-9]{1,4})$"
)


class PlaintextSecret(Rule):
    """A secret stands readable in the template and in the function's configuration.

    ## Why is this bad?
    Everyone who may read the repository, the template or GetFunctionConfiguration has it, and rotating it needs a
    deployment.

    ## What to do
    Put it into Secrets Manager or a SecureString parameter and read it at run time.
    """

    id = "S801"
    name = "plaintext-secret"
    severity = ERROR
    bad = {
        "literal under a secret's name": _FUNCTION.replace("SECRET", "correct-horse-battery"),
        "value of a known shape": _FUNCTION.replace("DB_PASSWORD", "GIT").replace(
            "SECRET", "ghp_" + "a1B2" * 9
        ),
    }
    good = {
        "name of a secret": _FUNCTION.replace("DB_PASSWORD: SECRET", "DB_PASSWORD_SECRET_NAME: prod/orders")
    }

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at the names and the shapes of environment variables."""
        for function in graph.functions.values():
            for name, value in function.environment.items():
                for case in value.cases:
                    if type(case.data) is not str or not is_plain(case.data):
                        continue
                    secret = (
                        _SECRET.search(name)
                        and not _INDIRECT.search(name)
                        and not _PLACEHOLDER.match(case.data)
                    )
                    if not secret and not _SHAPE.search(case.data):
                        continue
                    message = (
                        f"{function.name} has a secret in its environment variable {name}: whoever may read the template or "
                        "the function's configuration has it."
                    )
                    fix = "Keep it in Secrets Manager or a SecureString parameter and read it at run time."
                    yield self.finding(value.place, message, fix=fix, when=case.when)
