"""``constructs-lib check``: prove on templates that waits, capacity and failure paths fit together."""

from __future__ import annotations

import os
import sys

from constructs_lib.cli.late import late_progress
from constructs_lib.errors import RefusedError
from constructs_lib.policy import check_systems
from constructs_lib.policy.report import FORMATS, render
from constructs_lib.policy.report.document import Document

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from constructs_lib.policy import Report
    from constructs_lib.policy.baseline import Baseline
    from constructs_lib.policy.settings import Settings

EXAMPLES = """\
examples:
  constructs-lib check                            the CDK app's cdk.out, else the templates of this folder
  constructs-lib check template.yaml              one template: CloudFormation or SAM
  constructs-lib check a.yaml b.json              two stacks of one system: exports meet imports
  constructs-lib check --each templates/          unrelated templates, each on its own
  constructs-lib check cdk.out --format text --format sarif:out.sarif --format html:report.html
  constructs-lib check app.yaml --parameter Stage=prod --strict
  cat template.yaml | constructs-lib check -      standard input

exit codes: 0 clean; 1 errors, or with --strict warnings; 2 something could not be read (the rest is still checked)
"""

_CLEAN, _FINDINGS, _COULD_NOT_RUN = 0, 1, 2


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.epilog = EXAMPLES
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="templates, folders, globs, cdk.out directories, or - for standard input; several are one system",
    )
    parser.add_argument(
        "--format",
        action="append",
        default=[],
        metavar="FORMAT[:FILE]",
        help=f"{', '.join(FORMATS)}; with a file, written there; may be repeated (default: text)",
    )
    parser.add_argument("--strict", action="store_true", help="warnings fail too")
    parser.add_argument("--each", action="store_true", help="treat every file as a system of its own")
    add_values_to(parser)
    parser.add_argument("--baseline", metavar="FILE", help="accept the findings in FILE, fail on new ones")
    parser.add_argument(
        "--update-baseline",
        action="store_true",
        help="write FILE if there is none, else take out of it what is mended; it never grows",
    )
    parser.add_argument("--no-progress", action="store_true", help="show no progress on a terminal")
    parser.set_defaults(run=run)


def add_values_to(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what parameters are and where the settings stand."""
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of a template parameter; replaces its default; may be repeated",
    )
    parser.add_argument(
        "--parameters", metavar="FILE", help="parameter file of the AWS CLI or of CodePipeline (JSON)"
    )
    parser.add_argument(
        "--settings",
        metavar="FILE",
        help="settings file (default: the nearest constructs_lib.toml or pyproject.toml)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Check, report, and say by the exit code how it went."""
    outputs = list(_outputs(arguments.format or ["text"]))
    paths = arguments.paths or default_paths()
    settings = settings_of(arguments, paths)
    baseline = _baseline(arguments)
    document = Document(strict=arguments.strict, pictures="html" in dict(outputs))
    with late_progress("check", wanted=not arguments.no_progress) as tell:
        _fill(document, check_systems(paths, settings, each=arguments.each, tell=tell), baseline)
    for form, file in outputs:
        _write(document, form, file)
    said = baseline.finish(complete=not document.coverage["unreadable"]) if baseline else ""
    if said:
        print(f"constructs-lib: {said}", file=sys.stderr)
    if document.coverage["unreadable"]:
        return _COULD_NOT_RUN
    return _FINDINGS if document.failed else _CLEAN


def _fill(document: Document, reports: Iterator[Report], baseline: Baseline | None) -> None:
    """Take what is reported from each system; nothing of its templates is kept any longer than that."""
    for report in reports:
        if baseline:
            baseline.accept(report.findings)
        document.add(report)


def _baseline(arguments: argparse.Namespace) -> Baseline | None:
    if arguments.baseline:
        from constructs_lib.policy.baseline import Baseline  # noqa: PLC0415 - few have one

        return Baseline(arguments.baseline, update=arguments.update_baseline)
    if arguments.update_baseline:
        allowed, fix = "together with --baseline FILE", "--baseline baseline.json --update-baseline"
        raise RefusedError("--update-baseline", got="no file", allowed=allowed, fix=fix)
    return None


def default_paths() -> list[str]:
    """Take ``cdk.out`` where there is one, else this folder."""
    return ["cdk.out"] if os.path.isdir("cdk.out") else ["."]


def settings_of(arguments: argparse.Namespace, paths: list[str]) -> Settings:
    """Read the settings and the parameters that the options name."""
    from constructs_lib.policy.settings_file import load_settings  # noqa: PLC0415 - tests of other commands need none

    settings = load_settings(paths, arguments.settings)
    if arguments.parameters:
        from constructs_lib.cli.parameters import read_parameters  # noqa: PLC0415 - few name a file

        settings.parameters |= read_parameters(arguments.parameters)
    settings.parameters |= dict(_pair(text) for text in arguments.parameter)
    return settings


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise RefusedError("--parameter", got=text, allowed="NAME=VALUE", fix="e.g. --parameter Stage=prod")
    return name, value


# Output ---------------------------------------------------------------------------------------------------------


def _outputs(wanted: list[str]) -> Iterator[tuple[str, str | None]]:
    """Read ``FORMAT[:FILE]``; whatever cannot be written is refused before anything is checked."""
    on_screen = 0
    for text in wanted:
        form, _, file = text.partition(":")
        if form not in FORMATS:
            allowed = f"{', '.join(FORMATS)}, each with :FILE or without"
            raise RefusedError("--format", got=text, allowed=allowed, fix="e.g. --format sarif:out.sarif")
        on_screen += not file
        if on_screen > 1:
            allowed = "one format on standard output"
            raise RefusedError("--format", got=" ".join(wanted), allowed=allowed, fix=f"e.g. {form}:FILE")
        folder = os.path.dirname(file) or "."
        if file and (os.path.isdir(file) or not os.path.isdir(folder)):
            reason = "a folder" if os.path.isdir(file) else f"no folder {folder}"
            raise RefusedError(
                "--format",
                got=text,
                allowed=f"a file that can be written, found {reason}",
                fix="name another file",
            )
        yield form, file or None


def _write(document: Document, form: str, file: str | None) -> None:
    if file is None:
        pieces = iter([_text(document)]) if form == "text" else render(document, form)
        for piece in pieces:
            encoding = sys.stdout.encoding if form == "text" else "utf-8"
            sys.stdout.buffer.write(piece.encode(encoding, "replace"))
        sys.stdout.flush()
        return
    beside = f"{file}.part"  # nothing half-written is ever under the name that others read
    try:
        with open(beside, "w", encoding="utf-8", errors="replace", newline="\n") as stream:
            stream.writelines(render(document, form))
        os.replace(beside, file)
    except OSError as error:
        raise RefusedError(
            f"--format {form}",
            got=f"{file}: {error.strerror}",
            allowed="a file that can be written",
            fix="name another file",
        ) from None


def _text(document: Document) -> str:
    from constructs_lib.cli.terminal import look_of  # noqa: PLC0415 - loaded when it is the format
    from constructs_lib.policy.report.text import render as render_text  # noqa: PLC0415

    return render_text(document, look_of(sys.stdout))
