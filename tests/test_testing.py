"""``assert_policy``: every kind of subject, and words that a failing test can be mended by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk import Duration, Stack, Stage
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from constructs_lib import RefusedError, Settings, assert_policy
from constructs_lib.errors import TemplateError
from tests.synth import new_stack

if TYPE_CHECKING:
    from pathlib import Path


def _add_jobs(stack: Stack, visibility: int) -> None:
    queue = sqs.Queue(stack, "Jobs", visibility_timeout=Duration.seconds(visibility))
    worker = lambda_.Function(
        stack,
        "Worker",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        timeout=Duration.seconds(60),
    )
    worker.add_event_source(sources.SqsEventSource(queue, report_batch_item_failures=True))


@pytest.fixture(scope="module")
def broken() -> Stack:
    """Give a stack with an error."""
    stack = new_stack(name="Broken")
    _add_jobs(stack, visibility=10)
    return stack


@pytest.mark.parametrize("kind", ["stack", "app", "Template", "mapping", "file", "assembly"])
def test_error_fails_whatever_the_subject(broken: Stack, kind: str, tmp_path: Path) -> None:
    """The assertion names rule, construct, arithmetic and fix, for each kind of subject that CDK tests have."""
    template = Template.from_stack(broken)
    file = tmp_path / "template.json"
    file.write_text(json.dumps(template.to_json()), encoding="utf-8")
    subjects: dict[str, Any] = {
        "stack": broken,
        "app": broken.node.root,
        "Template": template,
        "mapping": template.to_json(),
        "file": file,
        "assembly": broken.node.root.synth().directory,  # type: ignore[attr-defined]
    }
    with pytest.raises(AssertionError) as failed:
        assert_policy(subjects[kind])
    lines = str(failed.value).splitlines()
    assert lines[0] == "the policy finds 1 error"
    place = "Broken/Jobs/Resource" if kind in {"stack", "app", "assembly"} else "JobsDF1CC2D4"
    assert lines[1] == f"Q301 error at {place}.VisibilityTimeout"
    assert "hands a message out again after 10 s, but Worker" in lines[2]
    assert lines[3].startswith("  Raise VisibilityTimeout to >= 360")


def test_warnings_fail_with_strict_alone() -> None:
    """A queue under six times passes, and fails with strict."""
    stack = new_stack(name="Hasty")
    _add_jobs(stack, visibility=60)
    assert_policy(stack)
    with pytest.raises(AssertionError, match=r"the policy finds \d warnings"):
        assert_policy(stack, strict=True)


def test_settings_count(broken: Stack) -> None:
    """Settings given to the assertion decide."""
    assert_policy(broken, settings=Settings(severities={"Q301": "note"}))


def test_other_stacks_of_the_app_are_not_this_ones_fault() -> None:
    """A stack is judged with its app, and fails only for what is found in itself."""
    sound = new_stack(name="Sound")
    sqs.Queue(sound, "Harmless")
    faulty = Stack(Stage.of(sound), "Faulty")
    _add_jobs(faulty, visibility=10)
    assert_policy(sound)
    with pytest.raises(AssertionError, match="Faulty/Jobs"):
        assert_policy(faulty)


def test_what_cannot_be_checked_is_said() -> None:
    """A file that is not there and a subject of another kind are errors of their own."""
    with pytest.raises(TemplateError, match="there is no such file"):
        assert_policy("no-such-template.yaml")
    with pytest.raises(RefusedError, match="assert_policy: got 3; allowed: a stack"):
        assert_policy(3)  # type: ignore[arg-type]
