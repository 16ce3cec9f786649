"""The policy inside ``cdk synth``: real apps, synthesized in process, and one by the real CDK CLI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Acknowledgment, App, Duration, Stack, Stage, Validations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs

from constructs_lib import ConstructsLibPolicy, Settings, SettingsError, __version__
from constructs_lib.local.toolchain import find_toolchain
from constructs_lib.policy.rules import ALL

if TYPE_CHECKING:
    from constructs import Construct

TOO_SHORT, ENOUGH = 10, 360  # seconds of visibility, for a function of 60 s


class Jobs:
    """An app of two stacks: the queue in one, the function that reads it through an alias in the other."""

    def __init__(
        self, folder: Path, visibility: float = TOO_SHORT, *, stage: bool = False, **policy: Any
    ) -> None:
        self.app = App(outdir=str(folder), analytics_reporting=False)
        Validations.of(self.app).add_plugins(ConstructsLibPolicy(**policy))
        self.stage: Construct = Stage(self.app, "Prod") if stage else self.app
        queues, workers = Stack(self.stage, "Queues"), Stack(self.stage, "Workers")
        dead = sqs.DeadLetterQueue(queue=sqs.Queue(queues, "Dead"), max_receive_count=5)
        self.queue = sqs.Queue(
            queues, "Jobs", visibility_timeout=Duration.seconds(visibility), dead_letter_queue=dead
        )
        self.function = lambda_.Function(
            workers,
            "Worker",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline("def handler(event, context): pass"),
            timeout=Duration.seconds(60),
        )
        live = self.function.add_alias("live")
        live.add_event_source(sources.SqsEventSource(self.queue, report_batch_item_failures=True))
        self.folder = folder

    def acknowledge(
        self, where: Construct, rule: str = "constructs-lib::Q301", reason: str = "idempotent"
    ) -> None:
        """Accept a rule's findings in a construct."""
        Validations.of(where).acknowledge(Acknowledgment(id=rule, reason=reason))

    @property
    def report(self) -> dict[str, Any]:
        """What CDK wrote about our plugin."""
        text = (self.folder / "validation-report.json").read_text(encoding="utf-8")
        (report,) = json.loads(text)["pluginReports"]
        assert report["pluginName"] == "constructs-lib"
        return dict(report)

    @property
    def violations(self) -> list[tuple[str, str]]:
        """The rules and severities that CDK reports."""
        return [(found["ruleName"], found["severity"]) for found in self.report["violations"]]


def test_user_interface_of_the_plugin() -> None:
    """Users write the name and the ids into acknowledgements: they are what the documents say, and fit CDK's form."""
    policy = ConstructsLibPolicy()
    assert (policy.name, policy.version) == ("constructs-lib", __version__)
    assert policy.rule_ids == [rule.id for rule in ALL]
    assert not any("::" in rule or " " in rule for rule in policy.rule_ids)


def test_error_across_stacks_fails_synth(tmp_path: Path) -> None:
    """A relation between two stacks, through an alias, fails the synth, with arithmetic, fix and construct path."""
    jobs = Jobs(tmp_path)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        jobs.app.synth()
    assert jobs.report["conclusion"] == "failure"
    (found,) = [each for each in jobs.report["violations"] if each["ruleName"] == "Q301"]
    assert found["description"] == (
        "queue Jobs hands a message out again after 10 s, but Worker:live may work on it for 60 s: for up to 50 s two "
        "invocations do the same work."
    )
    assert found["suggestedFix"].startswith("Raise VisibilityTimeout to >= 360")
    (construct,) = found["violatingConstructs"]
    assert construct["constructPath"] == "Queues/Jobs/Resource"
    assert construct["cloudFormationResource"]["propertyPaths"] == ["Properties.VisibilityTimeout"]


def test_warnings_are_shown_and_pass(tmp_path: Path) -> None:
    """A synth with warnings alone succeeds, because CDK fails on the report's success flag."""
    jobs = Jobs(tmp_path, visibility=60)
    jobs.app.synth()
    assert jobs.report["conclusion"] == "success"
    assert ("Q302", "warning") in jobs.violations


def test_settings_reach_the_plugin(tmp_path: Path) -> None:
    """The plugin takes settings as an object or as a file, and refuses a file that cannot be used."""
    jobs = Jobs(tmp_path / "off", settings=Settings(severities={"Q301": "note", "Q302": "off"}))
    jobs.app.synth()
    assert ("Q301", "info") in jobs.violations
    file = tmp_path / "constructs_lib.toml"
    file.write_text("[severities]\nQ301 = 'warning'\n", encoding="utf-8")
    from_file = Jobs(tmp_path / "file", settings=str(file))
    from_file.app.synth()
    assert ("Q301", "warning") in from_file.violations
    with pytest.raises(SettingsError, match="there is no such file"):
        ConstructsLibPolicy(settings="no-such.toml")


@pytest.mark.parametrize("where", ["queue", "function", "app", "stage"])
def test_acknowledged_error_passes_and_is_recorded(tmp_path: Path, where: str) -> None:
    """An acknowledgement at either end of the path, or above, accepts the error, and CDK records who said why."""
    jobs = Jobs(tmp_path, stage=where == "stage")
    construct: Construct = getattr(jobs, where)
    jobs.acknowledge(construct)
    jobs.app.synth()
    (suppressed,) = jobs.report["suppressedViolations"]
    assert (suppressed["ruleName"], suppressed["reason"]) == ("Q301", "idempotent")
    assert suppressed.get("acknowledgedAt", "") == construct.node.path


def test_acknowledgement_elsewhere_does_not_count(tmp_path: Path) -> None:
    """An acknowledgement holds for its construct, not for the whole app, and is reported as unused."""
    jobs = Jobs(tmp_path)
    other = sqs.Queue(Stack(jobs.app, "Other"), "Other")
    jobs.acknowledge(other)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        jobs.app.synth()
    assert ("Q301", "error") in jobs.violations
    assert ("V003", "warning") in jobs.violations


def test_bare_rule_id_is_pointed_out(tmp_path: Path) -> None:
    """CDK connects a bare id with no plugin; the report says what to write."""
    jobs = Jobs(tmp_path)
    jobs.acknowledge(jobs.queue, "Q301")
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        jobs.app.synth()
    (found,) = [each for each in jobs.report["violations"] if each["ruleName"] == "V002"]
    assert found["suggestedFix"] == "Acknowledge constructs-lib::Q301."


def test_strict_errors_cannot_be_accepted(tmp_path: Path) -> None:
    """With strict an error fails whatever waives it, and warnings can still be acknowledged."""
    jobs = Jobs(tmp_path, strict=True)
    jobs.acknowledge(jobs.queue)
    jobs.acknowledge(jobs.queue, "constructs-lib::Q302")
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        jobs.app.synth()
    assert ("Q301", "fatal") in jobs.violations
    assert "Q302" not in dict(jobs.violations)


def test_strict_passes_a_sound_app(tmp_path: Path) -> None:
    """Strict asks for no more than the absence of errors."""
    Jobs(tmp_path, visibility=ENOUGH, strict=True).app.synth()


def test_waiver_in_metadata_counts_and_is_counted(tmp_path: Path) -> None:
    """A finding that Metadata waives is left out of CDK's report, which says how many there are; strict shows it."""
    for strict in (False, True):
        jobs = Jobs(tmp_path / str(strict), strict=strict)
        resource = jobs.queue.node.default_child
        resource.add_metadata("constructs-lib", {"waive": [{"rule": "Q301", "reason": "idempotent"}]})  # type: ignore[union-attr]
        if strict:
            with pytest.raises(RuntimeError, match="ValidationFailed"):
                jobs.app.synth()
            assert ("Q301", "fatal") in jobs.violations
        else:
            jobs.app.synth()
            assert "Q301" not in dict(jobs.violations)
            assert jobs.report["metadata"]["waived"] == "1"


def test_stages_are_checked_too(tmp_path: Path) -> None:
    """Stacks of a stage lie in an assembly of their own, and are judged all the same."""
    jobs = Jobs(tmp_path, stage=True)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        jobs.app.synth()
    (found,) = [each for each in jobs.report["violations"] if each["ruleName"] == "Q301"]
    assert found["violatingConstructs"][0]["constructPath"] == "Prod/Queues/Jobs/Resource"


SMALL_APP = """
from aws_cdk import App, Duration, Stack, Validations
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_lambda as lambda_

from constructs_lib import ConstructsLibPolicy

app = App()
Validations.of(app).add_plugins(ConstructsLibPolicy())
stack = Stack(app, "Shop")
orders = lambda_.Function(
    stack,
    "Orders",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=lambda_.Code.from_inline("def handler(event, context): pass"),
    timeout=Duration.seconds(SECONDS),
)
api = apigateway.RestApi(stack, "Api")
api.root.add_resource("orders").add_method("GET", apigateway.LambdaIntegration(orders))
app.synth()
"""


@pytest.mark.parametrize(("seconds", "exit_code"), [(60, 1), (20, 0)])
def test_cdk_synth_tells_a_newcomer_what_to_do(tmp_path: Path, seconds: int, exit_code: int) -> None:
    """``cdk synth`` fails on a broken app with what happens in production, what to change and how to accept it."""
    (tmp_path / "app.py").write_text(SMALL_APP.replace("SECONDS", str(seconds)), encoding="utf-8")
    tools = find_toolchain(Path.cwd())
    environment = {**tools.environment(os.environ), "PYTHONPATH": str(Path.cwd()), "NO_COLOR": "1"}
    done = subprocess.run(
        [str(tools.node), str(tools.cdk), "synth", "--quiet", "--app", f"{sys.executable} app.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == exit_code, said
    if exit_code:
        assert "GET /orders waits 29 s for Orders, which may run 60 s: the caller gets a 504" in said
        assert "Suggested fix: Raise the integration to > 60 s" in said
        assert "Acknowledge with 'constructs-lib::T101'" in said
    assert "Traceback" not in said
