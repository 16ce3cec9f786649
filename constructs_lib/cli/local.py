"""``constructs-lib local``: a local AWS that runs until it is told to stop, and CDK apps deployed to it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.cli.progress import progress
from constructs_lib.errors import RefusedError
from constructs_lib.local import LocalAws, deploy, down, running, up
from constructs_lib.local.deploy import tools_for
from constructs_lib.local.ministack import REGION

if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
examples:
  constructs-lib local up                       start it; goes on in the background
  constructs-lib local deploy                   deploy the CDK app of this directory, all stacks
  constructs-lib local deploy app -c stage=dev  another directory, with CDK context
  constructs-lib local status                   where it answers, and how to point AWS tools at it
  constructs-lib local down                     stop it; nothing stays behind
"""


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the four subcommands."""
    parser.epilog = EXAMPLES
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    start = commands.add_parser("up", help="start the local AWS, or find the one that runs")
    start.add_argument("--port", type=int, help="port on 127.0.0.1 (default: any free one)")
    start.add_argument(
        "--region", default=REGION, help="region of stacks that name none (default: %(default)s)"
    )
    start.set_defaults(run=_up)

    bring = commands.add_parser(
        "deploy", help="deploy a CDK app to it with the real CDK CLI; starts it if need be"
    )
    bring.add_argument(
        "app", nargs="?", default=".", help="directory with cdk.json, or a cdk.out (default: .)"
    )
    bring.add_argument("stacks", nargs="*", help="stacks by id or pattern (default: all)")
    bring.add_argument(
        "-c", "--context", action="append", default=[], metavar="KEY=VALUE", help="CDK context"
    )
    bring.set_defaults(run=_deploy)

    commands.add_parser("status", help="say whether it runs, and where").set_defaults(run=_status)
    commands.add_parser("down", help="stop it").set_defaults(run=_down)


def _up(arguments: argparse.Namespace) -> int:
    _describe(_start(arguments.port, arguments.region))
    return 0


def _start(port: int | None = None, region: str = REGION) -> LocalAws:
    with progress("local AWS") as tell:
        return up(port=port, region=region, progress=tell)


def _deploy(arguments: argparse.Namespace) -> int:
    context = dict(_pair(text) for text in arguments.context)
    tools_for(Path(arguments.app))
    local = running() or _start()
    with progress("deploy") as tell:
        done = deploy(local, Path(arguments.app), stacks=arguments.stacks, context=context, progress=tell)
    for template, changes in done.changes.items():
        print(f"{template}: changed for the local AWS")
        for change in changes:
            print(f"  {change}")
    for stack, outputs in done.outputs.items():
        for name, value in outputs.items():
            print(f"{stack}.{name} = {done.invoke_urls.get(f'{stack}.{name}', value)}")
    return 0


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise RefusedError("--context", got=text, allowed="KEY=VALUE", fix="e.g. --context stage=dev")
    return key, value


def _status(_: argparse.Namespace) -> int:
    local = running()
    if local is None:
        print("no local AWS runs; start one with: constructs-lib local up")
        return 1
    _describe(local)
    return 0


def _describe(local: LocalAws) -> None:
    print(f"the local AWS answers at {local.endpoint}, the extension stand-in on port {local.extension_port}")
    print("to point AWS tools at it, in this shell:")
    for name, value in local.environment.items():
        print(f"  export {name}={value}")


def _down(_: argparse.Namespace) -> int:
    print("stopped the local AWS" if down() else "no local AWS was running")
    return 0
