"""Precision and recall of the policy on a labelled corpus, with its speed and its memory.

Usage: ``python bench/corpus.py CORPUS [--verbose]``, where CORPUS holds ``templates/``, ``labels.jsonl``, ``mutants/`` and
``mutants.jsonl``. Rows are counted once per family of alike templates. Exit code 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from constructs_lib.policy import check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.policy.rule import Finding

BAR_SCORE, BAR_SECONDS, BAR_MEGABYTES = 0.99, 5.0, 100.0
RULES = {
    "R1": {"T101"},
    "R2": {"Q301"},
    "R2 soft": {"Q301", "Q302"},
    "R3 missing": {"W401"},
    "R3 le": {"W402"},
    "R4": {"D701"},
    "R5": {"C501"},
    "R6 reached": {"T109"},
    "R7": {"S801"},
    "R8": {"Q304"},
    "R9": {"C502"},
}
SYNCHRONOUS = ("R1", "R2", "R3")
INCOMPLETE = {
    "R1",
    "R4",
    "R7",
}  # no rows for streaming, for callers beside S3, SNS and EventBridge, for placeholders
Key = tuple[str, ...]


class Score:
    """Counts of one relation; a disagreement is kept with the template it was seen in."""

    def __init__(self) -> None:
        self.hits = self.correct_silences = 0
        self.missed: list[str] = []
        self.wrong: list[str] = []
        self.unlabelled: list[str] = []

    def line(self, name: str) -> str:
        """Write it as a row of the table."""
        shares = (
            f"{self.precision:11.4f}{self.recall:9.4f}"
            if self.hits + len(self.missed) + len(self.wrong)
            else ""
        )
        counts = f"{self.hits:6}{len(self.missed):8}{len(self.wrong):7}{len(self.unlabelled):12}"
        return f"{name:28}{counts}{shares or '          -        -'}"

    @property
    def precision(self) -> float:
        """Share of the findings that are right."""
        return self.hits / (self.hits + len(self.wrong)) if self.hits + len(self.wrong) else 1.0

    @property
    def recall(self) -> float:
        """Share of the violations that are found."""
        return self.hits / (self.hits + len(self.missed)) if self.hits + len(self.missed) else 1.0

    @property
    def enough(self) -> bool:
        """Whether both shares reach the bar."""
        return min(self.precision, self.recall) >= BAR_SCORE


def main() -> int:
    """Score the corpus that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--verbose", action="store_true", help="list every disagreement")
    arguments = parser.parse_args()
    corpus: Path = arguments.corpus

    found, seconds, templates, failures = _findings(corpus / "templates")
    scores = _labels(corpus, found)
    mutant_scores = _mutants(corpus)

    columns = f"{'hits':>6}{'missed':>8}{'wrong':>7}{'unlabelled':>12}{'precision':>11}{'recall':>9}"
    print(f"{'relation':28}{columns}")
    for name, score in [*scores.items(), *sorted(mutant_scores.items())]:
        print(score.line(name))
        if arguments.verbose:
            print("".join(f"    missed {row}\n" for row in score.missed), end="")
            print("".join(f"    wrong  {row}\n" for row in score.wrong), end="")
            print("".join(f"    unlabelled {row}\n" for row in score.unlabelled), end="")
    per_thousand = seconds / templates * 1000
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{templates} templates, {per_thousand:.2f} s per 1,000, peak {megabytes:.0f} MB, {len(failures)} crashes"
    )
    for failure in failures:
        print(f"    {failure}")
    fast = per_thousand <= BAR_SECONDS and megabytes <= BAR_MEGABYTES
    good = all(score.enough for score in [*scores.values(), *mutant_scores.values()])
    return 0 if fast and good and not failures else 1


def _findings(folder: Path) -> tuple[dict[str, list[Finding]], float, int, list[str]]:
    """Check every template on its own; only the check itself is timed."""
    found: dict[str, list[Finding]] = {}
    failures: list[str] = []
    seconds = 0.0
    files = sorted(folder.iterdir())
    for file in files:
        start = time.perf_counter()
        try:
            report = check([str(file)])
            for finding in report.findings:
                finding.as_dict()
        except Exception as error:  # noqa: BLE001 - a crash is a result here
            failures.append(f"{file.name}: {type(error).__name__}: {error}")
            continue
        seconds += time.perf_counter() - start
        failures += [str(error) for error in report.unreadable]
        found[file.stem] = report.findings
    return found, seconds, len(files), failures


# Keys: how a label and a finding name the same thing ------------------------------------------------------------


def _rows(labels: dict[str, Any]) -> Iterator[tuple[str, Key, str, dict[str, Any]]]:
    """List a template's labels as (relation, key, outcome, row); rows of which the label is unsure are left out."""
    waited_for = {row.get("function") for name in SYNCHRONOUS for row in labels[name]}
    for relation, rows in labels.items():
        for row in rows if relation in {"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9"} else ():
            if row.get("uncertain") or row.get("placeholder"):
                continue
            outcome = row["outcome"] if row.get("active") != "no" else "inactive"
            key = key_of(relation, row)
            if relation == "R3":
                for kind in ("missing", "le"):
                    same = row.get("kind") == kind or outcome != "violation"
                    yield f"R3 {kind}", key, outcome if same else "ok", row
            elif relation == "R6":
                reached = row["function"] in waited_for and row.get("kind") == "unset"
                yield "R6 reached", key, outcome if reached else "ok", row
            else:
                yield relation, key, outcome, row
            if relation == "R2":
                yield "R2 soft", key, row["soft"] if outcome != "inactive" else outcome, row


def key_of(relation: str, row: dict[str, Any]) -> Key:
    """Name a label."""
    parts = {
        "R1": ("route", "function"),
        "R2": ("mapping",),
        "R3": ("state_machine", "state"),
        "R4": ("function",),
        "R5": ("route", "function"),
        "R6": ("function",),
        "R7": ("function", "key"),
        "R8": ("queue",),
        "R9": ("function",),
    }[relation]
    key = [str(row.get(part, "")) for part in parts]
    if relation in {"R1", "R5"}:
        key[0] = key[0].replace("X-AMAZON-APIGATEWAY-ANY-METHOD", "ANY").replace("(quick-create)", "")
    return tuple(key)


def _keys_of_finding(finding: Finding) -> set[Key]:
    """List the names under which a label may know a finding."""
    path, keys = finding.path, finding.place.keys
    match finding.rule:
        case "T101" | "C501":
            routes = {*path, "$default"} if "Target" in keys else set(path)
            if "paths" in keys:
                at = keys.index("paths")
                verb = str(keys[at + 2]).upper().replace("X-AMAZON-APIGATEWAY-ANY-METHOD", "ANY")
                routes.add(f"{verb} {keys[at + 1]}")
            return {(route, path[-1]) for route in routes}
        case "Q301" | "Q302":
            return {(hop,) for hop in path}
        case "W401" | "W402":
            return {(path[0], _state_name(keys))}
        case "S801":
            return {(path[-1], str(keys[-1]))}
        case "Q304":
            return {(path[0],)}
    return {(path[-1],)}


def _state_name(keys: tuple[str | int, ...]) -> str:
    names: list[str] = []
    for before, key in pairwise(keys):
        if before == "States":
            names.append(str(key))
        elif before == "Branches":
            names[-1] += f"[{key}]"
    return "/".join(names)


# Scores ---------------------------------------------------------------------------------------------------------


def _labels(corpus: Path, found: dict[str, list[Finding]]) -> dict[str, Score]:
    scores: dict[str, Score] = {name: Score() for name in RULES}
    seen: set[tuple[str, str, Key]] = set()
    for line in (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        template = json.loads(line)
        findings = found.get(template["id"], [])
        rows: dict[str, list[tuple[Key, str]]] = defaultdict(list)
        for relation, key, outcome, _ in _rows(template["labels"]):
            rows[relation].append((key, outcome))
        for relation, score in scores.items():
            fresh = _count(template["id"], relation, findings, rows[relation])
            for kind, key, note in fresh:
                identity = (template["family"], f"{relation} {kind}", key)
                if identity not in seen:
                    seen.add(identity)
                    _add(score, kind, note)
    return scores


def _count(
    name: str, relation: str, findings: list[Finding], rows: list[tuple[Key, str]]
) -> Iterator[tuple[str, Key, str]]:
    said = [(finding, _keys_of_finding(finding)) for finding in findings if finding.rule in RULES[relation]]
    wanted = {key for key, outcome in rows if outcome in {"violation", "conditional"}}
    ignored = {key for key, outcome in rows if outcome == "inactive"}
    for key in wanted:
        hit = any(key in keys for _, keys in said)
        yield "hit" if hit else "missed", key, f"{name} {relation} {key}"
    for finding, keys in said:
        if not keys & wanted and not keys & ignored:
            labelled = any(key in keys for key, _ in rows)
            kind = "wrong" if labelled or relation not in INCOMPLETE else "unlabelled"
            yield kind, min(keys), f"{name} {relation} {finding.path} {finding.message}"


def _add(score: Score, kind: str, note: str) -> None:
    if kind == "hit":
        score.hits += 1
    else:
        {"missed": score.missed, "wrong": score.wrong, "unlabelled": score.unlabelled}[kind].append(note)


def _mutants(corpus: Path) -> dict[str, Score]:
    scores: dict[str, Score] = {}
    for line in (corpus / "mutants.jsonl").read_text(encoding="utf-8").splitlines():
        mutant = json.loads(line)
        relation = mutant["relation"]
        rules = RULES["R2 soft"] if mutant["field"] == "soft" else _rules_of(relation)
        key = key_of(relation, mutant["key"])
        report = check([str(corpus / "mutants" / f"{mutant['id']}.json")])
        hits = [f for f in report.findings if f.rule in rules and key in _keys_of_finding(f)]
        score = scores.setdefault(f"mutants of {relation} {mutant['field']}", Score())
        note = f"{mutant['id']} {key} expects {mutant['expect']}: {mutant['mutation']}"
        _judge(score, mutant["expect"], hits, note)
    return scores


def _judge(score: Score, expect: str, hits: list[Finding], note: str) -> None:
    conditional = bool(hits) and hits[0].message.startswith("If ")
    if expect in {"violation", "conditional"}:
        right = bool(hits) and conditional == (expect == "conditional")
        _add(score, "hit" if right else "missed", note)
    elif hits:
        score.wrong.append(f"{note}; {hits[0].message}")
    else:
        score.correct_silences += 1


def _rules_of(relation: str) -> set[str]:
    return set().union(
        *(rules for name, rules in RULES.items() if name.split()[0] == relation and "soft" not in name)
    )


if __name__ == "__main__":
    sys.exit(main())
