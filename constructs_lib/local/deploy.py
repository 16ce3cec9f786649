"""Deploys a CDK app, unchanged, to the local AWS with the real CDK CLI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs_lib.errors import LocalAwsError
from constructs_lib.local import processes
from constructs_lib.local.assembly import Assembly, Stack, localize_assembly
from constructs_lib.local.ministack import ACCOUNT, API_URL, LocalAws, aws_environment, silent
from constructs_lib.local.toolchain import Toolchain, find_toolchain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from constructs_lib.local.ministack import Progress
    from constructs_lib.local.profile import Change

SHOWN_LINES = 25
USUAL_QUALIFIER = "hnb659fds"  # what CDK's DefaultStackSynthesizer takes when an app names none
_EVENT = re.compile(
    r"(?P<stack>\S+) \| +(?P<count>\d+/\d+|\d+) \| [^|]+ \| (?P<status>\w+) +\| (?P<type>\S+) +\| (?P<id>.+)"
)


@dataclass(frozen=True)
class Deployment:
    """What was deployed.

    Args:
        outputs: the outputs of each stack, by stack name.
        invoke_urls: where the local AWS answers each API stage whose URL is an output, by ``Stack.Output``.
        changes: what the local profile changed, by template file.
    """

    outputs: Mapping[str, Mapping[str, str]]
    invoke_urls: Mapping[str, str]
    changes: Mapping[str, Sequence[Change]]


def deploy(
    local: LocalAws,
    app: Path,
    *,
    stacks: Sequence[str] = (),
    context: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> Deployment:
    """Synthesize an app, put it through the local profile, bootstrap once, and deploy.

    Args:
        local: the local AWS, up.
        app: the directory of a CDK app (with ``cdk.json``), or a ready cloud assembly (``cdk.out``).
        stacks: which stacks, by the ids or patterns of ``cdk deploy``; all of them by default.
        context: CDK context values for the synthesis, as ``cdk -c`` takes them.
        progress: told what is being done, one short line at a time.

    Raises:
        LocalAwsError: a tool is missing, the synthesis failed, or a resource could not be created (with its reason).
    """
    cli = _Cli(local, tools_for(app), progress)
    source = app if (app / "manifest.json").exists() else _synthesize_and_bootstrap(cli, app, context or {})
    work = local.run_directory / "assembly"
    assembly = localize_assembly(source.resolve(), work, extension_port=local.extension_port)
    account = _account(assembly)
    for place in sorted({_bootstrap_place(stack, local) for stack in assembly.stacks}):
        _bootstrap(cli, *place)
    outputs = _deploy(cli, assembly, stacks or ["**"], account)
    urls = {
        f"{stack}.{name}": local.invoke_url(value)
        for stack, values in outputs.items()
        for name, value in values.items()
        if API_URL.fullmatch(value)
    }
    return Deployment(outputs, urls, {name: made for name, made in assembly.changes.items() if made})


def tools_for(app: Path) -> Toolchain:
    """Look whether an app can be deployed from here, before anything is started for it.

    Raises:
        LocalAwsError: it is no CDK app, or Node or the CDK CLI is missing or too old.
    """
    if not (app / "cdk.json").exists() and not (app / "manifest.json").exists():
        raise LocalAwsError(
            f"{app}: got neither cdk.json nor manifest.json; allowed: the directory of a CDK app, or its cdk.out; "
            "fix: give the directory where cdk synth works"
        )
    return find_toolchain(app)


@dataclass(frozen=True)
class _Cli:
    """The CDK CLI, aimed at the local AWS and nowhere else."""

    local: LocalAws
    tools: Toolchain
    progress: Progress

    def run(self, *arguments: str, directory: Path, account: str = ACCOUNT) -> str:
        """Run a command to its end, telling its resource events; return what it said.

        Raises:
            LocalAwsError: it failed, with its last words.
        """
        command = [str(self.tools.cdk), *arguments, "--no-notices", "--no-color"]
        child = subprocess.Popen(
            command,
            cwd=directory,
            env=self._environment(account),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        said: list[str] = []
        try:
            for line in child.stdout or ():
                said.append(line.decode(errors="replace").rstrip())
                if event := _EVENT.fullmatch(said[-1].strip()):
                    self.progress("{stack}: {count} {status} {type} {id}".format(**event.groupdict()))
            child.wait()
        finally:
            processes.end(child.pid, self.local.run_directory, child)
        if child.returncode:
            words = "\n".join(
                f"  {line}" for line in said if line.strip() and not _EVENT.fullmatch(line.strip())
            )
            raise LocalAwsError(
                f"cdk {arguments[0]} failed:\n" + "\n".join(words.splitlines()[-SHOWN_LINES:])
            )
        return "\n".join(said)

    def _environment(self, account: str) -> dict[str, str]:
        return {
            **self.tools.environment(os.environ),
            **aws_environment(self.local.endpoint, self.local.region, account),
            "CDK_HOME": str(self.local.run_directory / "cdk"),
            "TMPDIR": str(
                self.local.run_directory
            ),  # so that what an interrupted Node leaves goes with the rest
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
        }


def _synthesize_and_bootstrap(cli: _Cli, app: Path, context: Mapping[str, str]) -> Path:
    """Synthesize, and bootstrap meanwhile where most apps go: either takes seconds and leaves a core idle."""
    with ThreadPoolExecutor(1) as pool:
        usual = pool.submit(_bootstrap, cli, ACCOUNT, cli.local.region, USUAL_QUALIFIER)
        output = _synthesize(cli, app, context)
        usual.result()
    return output


def _synthesize(cli: _Cli, app: Path, context: Mapping[str, str]) -> Path:
    cli.progress("synthesizing the app")
    output = cli.local.run_directory / "cdk.out"
    shutil.rmtree(output, ignore_errors=True)
    values = [word for name, value in context.items() for word in ("--context", f"{name}={value}")]
    cli.run("synth", "--quiet", "--output", str(output), *values, directory=app)
    return output


def _account(assembly: Assembly) -> str:
    accounts = sorted({stack.account for stack in assembly.stacks if stack.account})
    if len(accounts) > 1:
        raise LocalAwsError(
            f"accounts: the app deploys to {', '.join(accounts)}; allowed: one account at a time; "
            "fix: synthesize the stages of one account only, for instance by a context value"
        )
    return accounts[0] if accounts else ACCOUNT


def _bootstrap_place(stack: Stack, local: LocalAws) -> tuple[str, str, str]:
    return stack.account or ACCOUNT, stack.region or local.region, stack.qualifier


def _bootstrap(cli: _Cli, account: str, region: str, qualifier: str) -> None:
    done = cli.local.run_directory / f"bootstrapped-{account}-{region}-{qualifier}"
    if done.exists() or not qualifier:
        return
    cli.progress(f"bootstrapping {account}/{region}")
    cli.run(
        "bootstrap",
        f"aws://{account}/{region}",
        "--qualifier",
        qualifier,
        "--toolkit-stack-name",
        f"CDKToolkit-{qualifier}",
        directory=cli.local.run_directory,
        account=account,
    )
    done.touch()


def _deploy(cli: _Cli, assembly: Assembly, chosen: Sequence[str], account: str) -> dict[str, dict[str, str]]:
    cli.progress("deploying")
    outputs = cli.local.run_directory / "outputs.json"
    outputs.unlink(missing_ok=True)
    try:
        cli.run(
            "deploy",
            *chosen,
            "--app",
            str(assembly.directory),
            "--require-approval",
            "never",
            "--outputs-file",
            str(outputs),
            "--progress",
            "events",
            directory=cli.local.run_directory,
            account=account,
        )
    except LocalAwsError as error:
        reasons = [line for stack in assembly.stacks for line in _failures(cli.local, stack, account)]
        if not reasons:
            raise
        raise LocalAwsError("cdk deploy failed:\n" + "\n".join(reasons)) from error
    return dict(json.loads(outputs.read_text())) if outputs.exists() else {}


def _failures(local: LocalAws, stack: Stack, account: str) -> Iterator[str]:
    """Say which resources of a stack failed last time, and why, as CloudFormation's events have it."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra, as boto3 is

    cloudformation = local.client("cloudformation", region=stack.region, account=account)
    try:
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack.name)
        events = [event for page in pages for event in page["StackEvents"]]
    except (ClientError, BotoCoreError):  # no such stack yet, or no local AWS any more
        return
    for event in events:
        status, kind = event["ResourceStatus"], event["ResourceType"]
        if kind == "AWS::CloudFormation::Stack" and status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
            return  # events come newest first: what follows belongs to an earlier deployment
        reason = event.get("ResourceStatusReason", "")
        if status.endswith("_FAILED") and reason and "cancelled" not in reason:
            yield f"  {stack.name}: {event['LogicalResourceId']} ({kind}): {reason}"
