"""A baseline: today's findings of an old system, so that only new ones fail.

The file is JSON that a person can review: one entry for each accepted finding. An entry names a finding by its rule, by
where it is (the construct path, or file and logical id) and by both ends of its path, not by lines, numbers or words. So
it survives edits elsewhere in the file, and a number that gets worse does not become a new finding.

A baseline is a ratchet: updating it takes out what is mended and never puts anything in. To start anew, delete the file.
"""

from __future__ import annotations

import os
from collections import Counter

from constructs_lib.errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from constructs_lib.policy.rule import Finding
    from constructs_lib.policy.values import Resource

    Entry = tuple[str, str, str, tuple[str, ...]]

_VERSION = 1
_KEYS = ("rule", "at", "property", "between")


class Baseline:
    """The accepted findings of one file.

    Use it system by system: :meth:`accept` the findings of each, then :meth:`finish`.

    Args:
        file: where it is, or will be.
        update: write it in the end: new if there is none, else without what is mended.

    Raises:
        SettingsError: the file is no baseline, or there is none and none is to be made.

    Example:
        >>> Baseline("no-such-file.json")
        Traceback (most recent call last):
        constructs_lib.errors.SettingsError: no-such-file.json: there is no such baseline; fix: make it with --update-baseline
    """

    def __init__(self, file: str, *, update: bool = False) -> None:
        self.file, self._update = file, update
        self._folder = os.path.dirname(os.path.abspath(file))
        self._seen: Counter[Entry] = Counter()
        entries = _read(file)
        if entries is None and not update:
            raise SettingsError(f"{file}: there is no such baseline; fix: make it with --update-baseline")
        self._new = entries is None
        self._entries = Counter(entries or ())

    def accept(self, findings: Iterable[Finding]) -> None:
        """Mark the findings that are in the baseline as waived; those that a waiver accepts already do not count."""
        for finding in findings:
            if finding.waived is not None or finding.rule.startswith("V"):
                continue
            entry = identity(finding, self._folder)
            self._seen[entry] += 1
            if self._new or self._seen[entry] <= self._entries[entry]:
                finding.waived = f"known since the baseline {os.path.basename(self.file)}"

    def finish(self, *, complete: bool = True) -> str:
        """Write the file if it is to be updated, and say in one line what came of it.

        Args:
            complete: whether every template could be read; if not, nothing is written, because what was not read would
                count as mended.

        Raises:
            SettingsError: the file cannot be written; it is then as it was.
        """
        mended = (self._entries - self._seen).total()
        if not self._update:
            return f"{self.file}: {mended} mended, take them out with --update-baseline" if mended else ""
        if not complete:
            return f"{self.file}: not updated, because something could not be read"
        kept = self._seen if self._new else self._entries & self._seen
        if self._new or mended:
            _write(self.file, kept)
        if self._new:
            return f"{self.file}: new baseline, {kept.total()} findings accepted"
        added = (self._seen - self._entries).total()
        return f"{self.file}: {kept.total()} left, {mended} mended" + (
            f", {added} new not added" if added else ""
        )


def identity(finding: Finding, folder: str) -> Entry:
    """Name a finding so that the name survives edits: rule, place, property, and the ends of its path."""
    resource = finding.place.resource
    ends = tuple(dict.fromkeys((finding.path[0], finding.path[-1])))
    named = tuple(_name(_found(resource, end), end) for end in ends)
    if resource.construct_path:
        at = resource.construct_path
    else:
        file = resource.stack.template.file
        relative = file if file.startswith("<") else os.path.relpath(file, folder)
        at = f"{relative.replace(os.sep, '/')}::{resource.id}"
    return finding.rule, at, finding.place.property_path, named


def _found(home: Resource, logical_id: str) -> Resource | None:
    stacks = (home.stack, *home.stack.system.stacks)
    return next((stack.resources[logical_id] for stack in stacks if logical_id in stack.resources), None)


def _name(resource: Resource | None, logical_id: str) -> str:
    """Prefer the construct's path: the logical ids of versions and deployments change with their content."""
    return (resource.construct_path if resource else None) or logical_id


def _read(file: str) -> list[Entry] | None:
    import json  # noqa: PLC0415 - only those who have a baseline pay for it

    fix = "delete it and run with --update-baseline to make a new one"
    try:
        with open(file, encoding="utf-8") as source:
            data = json.load(source)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{file}: is no baseline: {error}; fix: {fix}") from None
    version = data.get("version") if type(data) is dict else None
    if version != _VERSION or type(data.get("findings")) is not list:
        raise SettingsError(f"{file}: is no baseline of version {_VERSION}; fix: {fix}")
    return [_entry(file, number, each) for number, each in enumerate(data["findings"])]


def _entry(file: str, number: int, data: Any) -> Entry:
    match data:
        case {"rule": str(rule), "at": str(at), "property": str(key), "between": [*ends]} if all(
            type(end) is str for end in ends
        ):
            return rule, at, key, tuple(ends)
    raise SettingsError(f"{file}: findings[{number}]: allowed: {', '.join(_KEYS)}; fix: remove the entry")


def _write(file: str, entries: Counter[Entry]) -> None:
    """Replace the file at once, so that a full disk or a signal leaves the old one."""
    import json  # noqa: PLC0415 - a check without a baseline needs neither
    import tempfile  # noqa: PLC0415 - the same

    findings = [dict(zip(_KEYS, entry, strict=True)) for entry in sorted(entries.elements())]
    text = json.dumps({"version": _VERSION, "findings": findings}, indent=2, ensure_ascii=False) + "\n"
    folder = os.path.dirname(os.path.abspath(file))
    partial = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as target:
            partial = target.name
            target.write(text)
        os.chmod(partial, _mode(file))
        os.replace(partial, file)
    except OSError as error:
        if partial is not None and os.path.exists(partial):
            os.unlink(partial)
        raise SettingsError(f"{file}: cannot be written: {error.strerror or error}") from None


def _mode(file: str) -> int:
    """Keep the file's permissions; a new one gets those of any new file."""
    if os.path.exists(file):
        return os.stat(file).st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
