"""S801 plaintext-secret."""

from __future__ import annotations

from constructs_lib.policy.rule import ERROR, Finding, Rule
from constructs_lib.policy.services.secrets import is_literal_secret, named_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.graph import Graph

_FUNCTION = """
Parameters:
  Password: {Type: String, Default: correct-horse-battery}
  Hidden: {Type: String, NoEcho: true}
Resources:
  Orders:
    Type: AWS::Lambda::Function
    Properties: {Environment: {Variables: {DB_PASSWORD: SECRET}}}
"""


def _named(name: str, value: str) -> str:
    return _FUNCTION.replace("DB_PASSWORD", name).replace("SECRET}}", f"{value}}}}}")


class PlaintextSecret(Rule):
    """A secret stands readable in the template and in the configuration of what it deploys.

    ## Why is this bad?
    Everyone who may read the repository, the template or GetFunctionConfiguration has it, and rotating it needs a
    deployment.

    ## What to do
    Put it into Secrets Manager or a SecureString parameter and read it at run time.

    ## Known limits
    It reads variables of functions, stages, containers and builds, and the passwords of databases and connections.
    It knows secrets by the names of their variables, by the shapes of well-known keys, and by passwords in URLs and
    connection strings. Values
    that are names, paths, ARNs or obvious placeholders are left alone.
    """

    id = "S801"
    name = "plaintext-secret"
    severity = ERROR
    bad = {
        "literal under a secret's name": _named("DB_PASSWORD", "correct-horse-battery"),
        "default of a parameter": _named("DB_PASSWORD", "!Ref Password"),
        "password in a URL": _named("DATABASE_URL", "'postgres://app:battery-horse@db.internal:5432/orders'"),
        "password in a URL with an unknown host": _named(
            "DATABASE_URL", "!Sub 'postgres://app:battery-horse@${Orders}:5432/orders'"
        ),
        "password in a connection string": _named(
            "CONNECTION", "Server=db;User Id=app;Password=battery-horse;"
        ),
        "name cut short": _named("DB_PASS", "battery-horse"),
        "key that signs": _named("HMAC_KEY", "3f1a9d8c7b6a5f4e"),
        "stage variable": """
            Live: {Type: AWS::ApiGateway::Stage, Properties: {StageName: live, Variables: {API_KEY: 9f8d7e6c5b4a3928}}}
        """,
        "container's variable": """
            Task:
              Type: AWS::ECS::TaskDefinition
              Properties: {ContainerDefinitions: [{Environment: [{Name: DB_PASSWORD, Value: battery-horse}]}]}
        """,
        "database's password": """
            Database: {Type: AWS::RDS::DBInstance, Properties: {MasterUserPassword: battery-horse}}
        """,
        "value of a known shape": _named("GIT", "ghp_" + "a1B2" * 9),
    }
    good = {
        "name of a secret": _named("DB_PASSWORD_SECRET_NAME", "prod/orders"),
        "name of the secret that holds it": _named("GITHUB_TOKEN_SECRET", "github-token"),
        "path of a parameter": _named("DB_PASSWORD", "/prod/orders/db-password"),
        "secret of a build": """
            Build:
              Type: AWS::CodeBuild::Project
              Properties: {Environment: {EnvironmentVariables: [{Name: API_KEY, Type: SECRETS_MANAGER, Value: orders-api:key}]}}
        """,
        "ARN": _named("API_KEY", "'arn:aws:secretsmanager:eu-west-1:111111111111:secret:orders'"),
        "dynamic reference": _named("API_TOKEN", "'{{resolve:secretsmanager:orders}}'"),
        "address of a token service": _named("TOKEN_URL", "'https://auth.example.com/token'"),
        "placeholder": _named("API_KEY", "changeme"),
        "name of a file": _named("CREDENTIALS", "credentials.json"),
        "switch": _named("REQUIRE_TOKEN", "'true'"),
        "working directory": _named("PWD", "/var/task"),
    }
    undecided = {"parameter without a default": _named("DB_PASSWORD", "!Ref Hidden")}

    def check(self, graph: Graph) -> Iterator[Finding]:
        """Look at the names and the shapes of environment variables and other settings."""
        for owner, name, value in named_settings(graph):
            for case in value.cases:
                reason = is_literal_secret(name, case.data)
                if reason is None:
                    continue
                if reason:
                    graph.coverage.undecided(value.place, reason)
                    continue
                message = (
                    f"{owner.name} has a secret in its setting {name}: whoever may read the template or the configuration of what is "
                    "deployed has it."
                )
                fix = "Keep it in Secrets Manager or a SecureString parameter and read it at run time."
                yield self.finding(value.place, message, fix=fix, when=case.when)
