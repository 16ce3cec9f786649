"""runtime_features: the library beside the handler, and what its features need, and nothing that was not named."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

import constructs_lib
from constructs_lib import Call, RefusedError, RuntimeFeatures, TimeoutBudget, TimeoutHierarchyError
from constructs_lib.compute.runtime_bundle import write_runtime
from constructs_lib.runtime import cache
from tests.compute.functions import make
from tests.snapshots import resources
from tests.synth import new_stack, of_type, only, synthesize, template_text

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

BUDGET = TimeoutBudget(gateway=None, function=20, init=2, calls=[Call("orders-table", read=1, attempts=1)])
LARGEST = 60_000  # bytes, zipped
HANDLER = """
from constructs_lib.runtime import api_handler, correlation, lazy, sandbox

@api_handler
def handler(event, context):
    return {"statusCode": 200, "body": correlation.current()}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Make a handler that uses the library, with Powertools beside it as pip would put it there."""
    folder = tmp_path / "source"
    (folder / "shop").mkdir(parents=True)
    (folder / "orders.py").write_text(HANDLER)
    (folder / "shop" / "__init__.py").write_text("")
    (folder / "aws_lambda_powertools").mkdir()
    (folder / "aws_lambda_powertools" / "__init__.py").write_text("")
    return folder


def made(
    stack: cdk.Stack, source: Path, features: RuntimeFeatures | None, **arguments: Any
) -> dict[str, Any]:
    """Synthesize a function with these features; give its template."""
    defaults: dict[str, Any] = {
        "code": source, "handler": "orders.handler", "budget": BUDGET, "runtime_features": features,
    }  # fmt: skip
    make(stack, **(defaults | arguments))
    return synthesize(stack)


def asset(stack: cdk.Stack) -> Path:
    """Give the folder of the one asset."""
    app = stack.node.root
    assert isinstance(app, cdk.App)
    (folder,) = Path(app.outdir).glob("asset.*")
    return folder


def test_bundling_alone_adds_the_library_and_nothing_else(stack: cdk.Stack, source: Path) -> None:
    """The template differs from that of a plain function in its asset alone."""
    plain, nothing = new_stack(), source.parent / "nothing"
    nothing.mkdir()
    (nothing / "orders.py").write_text("def handler(event, context): ...\n")
    before, after = made(plain, nothing, None), made(stack, source, RuntimeFeatures())

    def properties(template: dict[str, Any]) -> Any:
        return {k: v for k, v in only(template, "AWS::Lambda::Function")["Properties"].items() if k != "Code"}

    assert properties(before) == properties(after)
    kinds = [sorted(resource["Type"] for resource in each["Resources"].values()) for each in (before, after)]
    assert kinds[0] == kinds[1]
    names = {path.relative_to(asset(stack)).as_posix() for path in asset(stack).rglob("*") if path.is_file()}
    assert {"orders.py", "shop/__init__.py", "constructs_lib/runtime/handlers.py"} <= names
    assert all(name.endswith(".py") for name in names)
    assert not any(name.startswith(("constructs_lib/compute", "constructs_lib/policy")) for name in names)


def test_the_bundle_runs_without_anything_installed(stack: cdk.Stack, source: Path) -> None:
    """In an interpreter that has the standard library and the asset alone, as in Lambda."""
    made(stack, source, RuntimeFeatures())
    code = (
        f"import sys; sys.path.insert(0, {str(asset(stack))!r})\n"
        "import orders, constructs_lib.runtime as runtime\n"
        "from constructs_lib.runtime import cached, parameter\n"
        "assert orders.handler({'correlation_id': 'order-7'}, None)['body'] == 'order-7'\n"
        "for name in runtime.__all__: getattr(runtime, name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_bundle_is_small(tmp_path: Path) -> None:
    """What every cold start loads from: no more than 60 KB, zipped."""
    write_runtime(tmp_path)
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(tmp_path.rglob("*.py")):
            archive.write(file, file.relative_to(tmp_path))
    assert len(zipped.getvalue()) <= LARGEST


def test_what_is_bundled_is_the_source_line_by_line(tmp_path: Path) -> None:
    """Every statement keeps its line, so that a traceback in the logs points into the source."""
    write_runtime(tmp_path)
    root = Path(constructs_lib.__file__).parent.parent

    def statements(file: Path) -> list[tuple[int, str]]:
        tree = ast.parse(file.read_text())
        docs = {
            id(n) for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)
        }
        return [
            (n.lineno, type(n).__name__)
            for n in ast.walk(tree)
            if isinstance(n, ast.stmt) and id(n) not in docs
        ]

    files = sorted(tmp_path.rglob("*.py"))
    assert len(files) > 20
    for file in files:
        assert statements(file) == statements(root / file.relative_to(tmp_path)), file


def test_the_same_sources_make_the_same_asset(source: Path) -> None:
    """Wherever and however often it is built; changed sources make another, and bytecode makes none."""

    def text() -> str:
        stack = new_stack()
        make(stack, code=source, handler="orders.handler", runtime_features=RuntimeFeatures())
        return template_text(stack)

    first = text()
    (source / "shop" / "__pycache__").mkdir()
    (source / "shop" / "__pycache__" / "x.cpython-311.pyc").write_bytes(b"bytecode")
    assert text() == first
    (source / "added.py").write_text("")
    assert text() != first


def test_links_that_point_out_of_the_directory_are_followed(
    stack: cdk.Stack, source: Path, tmp_path: Path
) -> None:
    """A shared module that is linked in is a file in the asset."""
    (tmp_path / "shared.py").write_text("value = 7\n")
    (source / "shared.py").symlink_to("../shared.py")
    (source / "shop" / "shared.py").symlink_to("../../shared.py")
    made(stack, source, RuntimeFeatures())
    for name in ("shared.py", "shop/shared.py"):
        assert (asset(stack) / name).read_text() == "value = 7\n"
        assert not (asset(stack) / name).is_symlink()


def test_where_links_are_not_allowed_the_asset_is_the_same(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, where most users may not make links; and changed sources are seen all the same."""

    def text() -> str:
        stack = new_stack()
        make(stack, code=source, handler="orders.handler", runtime_features=RuntimeFeatures())
        return template_text(stack)

    def refuse(*_: object, **__: object) -> None:
        raise OSError("a required privilege is not held by the client")

    (source / "shop" / "other.py").write_text("")  # so that nobody has staged this very directory before
    (source / "another.py").write_text("")
    with monkeypatch.context() as windows:
        windows.setattr(os, "symlink", refuse)
        copied = text()
        (source / "another.py").write_text("changed = True\n")
        changed = text()
    assert changed != copied
    assert changed == text()


def test_idempotency_brings_a_table_of_its_own(
    stack: cdk.Stack, source: Path, snapshot: SnapshotAssertion
) -> None:
    """Encrypted, with expiry and recovery, and a role that may do what Powertools does; the call is in the budget."""
    template = made(stack, source, RuntimeFeatures(idempotency=True))
    assert resources(template, "AWS::DynamoDB::Table", "AWS::IAM::Policy") == snapshot
    variables = only(template, "AWS::Lambda::Function")["Properties"]["Environment"]["Variables"]
    (table,) = of_type(template, "AWS::DynamoDB::Table")
    assert variables["IDEMPOTENCY_TABLE"] == {"Ref": table}
    assert "CIRCUIT_BREAKER_TABLE" not in variables
    call = json.loads(variables["TIMEOUT_BUDGET"])["calls"]["idempotency-table"]
    assert call == {"connect": 0.25, "read": 0.5, "attempts": 4, "backoff": 0.1}


def test_a_circuit_breaker_brings_a_table_of_its_own(stack: cdk.Stack, source: Path) -> None:
    """And the handler may not delete from it, because Powertools does not."""
    template = made(
        stack, source, RuntimeFeatures(circuit_breaker=True), removal_policy=cdk.RemovalPolicy.DESTROY
    )
    table = only(template, "AWS::DynamoDB::Table")
    assert table["Properties"]["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["DeletionPolicy"] == "Delete"
    statements = only(template, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    (actions,) = [each["Action"] for each in statements if "dynamodb:GetItem" in each["Action"]]
    assert actions == ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    assert (
        "CIRCUIT_BREAKER_TABLE"
        in only(template, "AWS::Lambda::Function")["Properties"]["Environment"]["Variables"]
    )


def test_a_shared_table_is_granted_and_not_made_again(stack: cdk.Stack, source: Path) -> None:
    """With its customer key, without which every request would be denied."""
    key = kms.Key(stack, "Key")
    shared = dynamodb.Table(
        stack, "Shared",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING), encryption_key=key,
    )  # fmt: skip
    template = made(stack, source, RuntimeFeatures(circuit_breaker=shared, idempotency=shared))
    assert len(of_type(template, "AWS::DynamoDB::Table")) == 1
    statements = only(template, "AWS::IAM::Policy")["Properties"]["PolicyDocument"]["Statement"]
    assert any("kms:Decrypt" in each["Action"] for each in statements)
    variables = only(template, "AWS::Lambda::Function")["Properties"]["Environment"]["Variables"]
    assert variables["IDEMPOTENCY_TABLE"] == variables["CIRCUIT_BREAKER_TABLE"]


def test_the_tables_can_be_had(stack: cdk.Stack, source: Path) -> None:
    """For alarms and for other functions."""
    features = RuntimeFeatures(idempotency=True, circuit_breaker=True)
    function = make(stack, code=source, handler="orders.handler", budget=BUDGET, runtime_features=features)
    assert sorted(function.runtime_tables) == ["CIRCUIT_BREAKER_TABLE", "IDEMPOTENCY_TABLE"]
    assert sorted(call.name for call in function.budget.calls) == [
        "circuit-breaker-table", "idempotency-table", "orders-table",
    ]  # fmt: skip


def test_a_call_that_the_budget_declares_is_kept(stack: cdk.Stack, source: Path) -> None:
    """Whoever knows the table better says so in the budget."""
    declared = Call("idempotency-table", connect=0.1, read=0.2, attempts=2)
    budget = TimeoutBudget(gateway=None, function=20, init=2, calls=[declared])
    function = make(
        stack,
        code=source,
        handler="orders.handler",
        budget=budget,
        runtime_features=RuntimeFeatures(idempotency=True),
    )
    assert function.budget.calls == (declared,)


def test_the_caches_url_is_in_the_environment(stack: cdk.Stack, source: Path) -> None:
    """Where the runtime library looks for it, token or not."""
    assert cache.URL_VARIABLE == "CACHE_URL"
    url = f"rediss://{cdk.Fn.import_value('CacheHost')}:6379"
    template = made(stack, source, RuntimeFeatures(cache_url=url))
    variables = only(template, "AWS::Lambda::Function")["Properties"]["Environment"]["Variables"]
    assert variables["CACHE_URL"]["Fn::Join"][1][0] == "rediss://"


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache:6379",
        "rediss://user@cache:6379/0",
        "rediss://user:@cache",
        "rediss://cache/0?protocol=3",
    ],
)
def test_a_url_without_a_password_is_taken(url: str) -> None:
    """A user name is no secret."""
    assert RuntimeFeatures(cache_url=url).cache_url == url


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rediss://user:hunter2@cache:6379", "got a password in the URL"),
        ("rediss://:hunter2@cache", "got a password in the URL"),
        ("rediss://:hunter2/x@y@cache", "got a password in the URL"),
        ("rediss://cache:6379/0?password=hunter2", "got a password in the URL"),
        ("rediss://", "redis://host:port"),
        ("cache:6379", "got 'cache:6379'"),
        ("memcached://cache", "redis://host:port"),
    ],
)
def test_a_password_or_no_url_is_refused(url: str, words: str) -> None:
    """And the message does not show the password."""
    with pytest.raises(RefusedError, match=words) as refused:
        RuntimeFeatures(cache_url=url)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["idempotency", "circuit_breaker"])
def test_what_is_no_table_is_refused(name: str) -> None:
    """A table's name is not enough to grant anything on it."""
    with pytest.raises(
        RefusedError, match=rf"{name}: got 'records'; .*from_table_name\(self, ..., 'records'\)"
    ):
        RuntimeFeatures(**{name: "records"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "code",
    [
        lambda_.Code.from_inline("def handler(event, context): ..."),
        lambda_.Code.from_cfn_parameters(),
    ],
)
def test_code_that_nothing_can_be_put_into_is_refused(stack: cdk.Stack, code: lambda_.Code) -> None:
    """With both ways out; and where the code has the library already, it passes."""
    with pytest.raises(RefusedError, match=r"nothing can be put; .*RuntimeFeatures\(bundle=False\)"):
        make(stack, code=code, runtime_features=RuntimeFeatures())
    assert stack.node.try_find_child("Orders") is None
    make(stack, code=code, budget=BUDGET, runtime_features=RuntimeFeatures(bundle=False, idempotency=True))


def test_a_second_copy_of_the_library_is_refused(stack: cdk.Stack, source: Path) -> None:
    """Which of the two Lambda would load is nobody's guess."""
    (source / "constructs_lib").mkdir()
    with pytest.raises(RefusedError, match="which holds a constructs_lib already"):
        make(stack, code=source, handler="orders.handler", runtime_features=RuntimeFeatures())
    make(stack, code=source, handler="orders.handler", runtime_features=RuntimeFeatures(bundle=False))


@pytest.mark.parametrize(
    "features", [RuntimeFeatures(idempotency=True), RuntimeFeatures(circuit_breaker=True)]
)
def test_a_feature_without_its_powertools_is_refused(
    stack: cdk.Stack, source: Path, features: RuntimeFeatures
) -> None:
    """It would fail in the first init; a layer may bring it."""
    (source / "aws_lambda_powertools" / "__init__.py").unlink()
    (source / "aws_lambda_powertools").rmdir()
    with pytest.raises(
        RefusedError, match=r"without Powertools, .*pip install --target .* aws-lambda-powertools"
    ):
        make(stack, code=source, handler="orders.handler", budget=BUDGET, runtime_features=features)
    assert stack.node.try_find_child("Orders") is None
    arn = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python314-arm64:1"
    layer = lambda_.LayerVersion.from_layer_version_arn(stack, "Powertools", arn)
    make(
        stack, code=source, handler="orders.handler", budget=BUDGET, runtime_features=features, layers=[layer]
    )


def test_a_table_that_the_handler_has_no_time_for_is_refused(stack: cdk.Stack, source: Path) -> None:
    """The arithmetic names the table's call."""
    tight = TimeoutBudget(
        gateway=None, function=3, init=1, calls=[Call("orders-table", read=0.5, attempts=1)]
    )
    with pytest.raises(TimeoutHierarchyError, match="idempotency-table"):
        make(
            stack, code=source, handler="orders.handler", budget=tight,
            runtime_features=RuntimeFeatures(idempotency=True),
        )  # fmt: skip
    assert stack.node.try_find_child("Orders") is None


def test_the_features_variables_are_the_constructs_own(stack: cdk.Stack, source: Path) -> None:
    """A table of one's own is given as the feature, not as a variable beside it."""
    with pytest.raises(RefusedError, match="environment: got IDEMPOTENCY_TABLE"):
        make(
            stack, code=source, handler="orders.handler", budget=BUDGET,
            runtime_features=RuntimeFeatures(idempotency=True), environment={"IDEMPOTENCY_TABLE": "mine"},
        )  # fmt: skip


@pytest.mark.parametrize(
    "line", ["from constructs_lib.runtime import lazy", "    import constructs_lib.runtime as runtime"]
)
def test_a_forgotten_bundle_is_found_now(stack: cdk.Stack, source: Path, line: str) -> None:
    """And not in the first init, as a module that is not there; what a layer or the directory brings is not judged."""
    (source / "shop" / "orders.py").write_text(
        f"try:\n{line}\nexcept ImportError: ...\ndef handler(event, context): ...\n"
    )
    with pytest.raises(
        RefusedError, match=r"orders.py imports constructs_lib, .* fix: runtime_features=RuntimeFeatures\(\)"
    ):
        make(stack, code=source, handler="shop.orders.handler")
    assert stack.node.try_find_child("Orders") is None
    make(stack, "Named", code=source, handler="shop.orders.handler", runtime_features=RuntimeFeatures())
    (source / "constructs_lib").mkdir()
    make(stack, "Built", code=source, handler="shop.orders.handler")
