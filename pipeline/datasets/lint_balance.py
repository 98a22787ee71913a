"""Faults that a dataset shows as a whole: mixed rates, unequal shares, takes that are too short."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.datasets.lint_findings import Finding, TakeFile

UNEQUAL = 3.0  # times as many takes, or seconds
FEWEST_TAKES = 5  # of a label: fewer cannot be told apart from chance
SHORT = 0.5  # of the usual length of the label
SHORTEST_S = 0.25
RATE_TOLERANCE = 0.02


def check_rates(takes: Sequence[TakeFile]) -> list[Finding]:
    """One finding for each rate that is not the usual one."""
    by_rate = defaultdict(list)
    for take in takes:
        by_rate[take.recording.rate_hz].append(take)
    usual = max(by_rate, key=lambda rate_hz: (len(by_rate[rate_hz]), rate_hz))
    return [
        Finding(
            "rate",
            odd[0].path,
            odd[0].line_of_key("rate_hz"),
            f"{rate_hz:g} Hz, {_and_others(odd)}; the other {len(by_rate[usual])} takes have "
            f"{usual:g} Hz",
            "record again at the same rate, or keep takes of another rate in a dataset of their "
            "own: a model knows one rate",
        )
        for rate_hz, odd in sorted(by_rate.items())
        if abs(rate_hz - usual) > RATE_TOLERANCE * usual
    ]


def check_lengths(takes: Sequence[TakeFile]) -> list[Finding]:
    """Takes much shorter than others of their label."""
    seconds = defaultdict(list)
    for take in takes:
        seconds[take.recording.label].append(_seconds(take))
    findings = []
    for take in takes:
        usual_s = float(np.median(seconds[take.recording.label]))
        if _seconds(take) < max(SHORT * usual_s, SHORTEST_S):
            findings.append(
                Finding(
                    "too-short",
                    take.path,
                    None,
                    f"{len(take.recording)} samples, {_seconds(take):.2f} s; a take of "
                    f"{take.recording.label} usually has {usual_s:.2f} s",
                    "the gesture is probably cut: delete the file, or record the take again",
                )
            )
    return findings


def check_balance(takes: Sequence[TakeFile], dataset: Path) -> list[Finding]:
    return [*_few_takes(takes, dataset), *_labels(takes, dataset), *_people(takes, dataset)]


def _few_takes(takes: Sequence[TakeFile], dataset: Path) -> list[Finding]:
    counts = Counter(take.recording.label for take in takes)
    return [
        Finding(
            "balance",
            dataset / label,
            None,
            f"{label} has only {count} take{'s' if count > 1 else ''}",
            f"record at least {FEWEST_TAKES} takes of every label, better 20: "
            "`gesture capture --label LABEL --count 20`",
        )
        for label, count in sorted(counts.items())
        if count < FEWEST_TAKES and not _is_continuous(takes, label)
    ]


def _is_continuous(takes: Sequence[TakeFile], label: str) -> bool:
    """Long recordings, of which one gives many windows."""
    return any(
        take.recording.intervals or _seconds(take) > 10
        for take in takes
        if take.recording.label == label
    )


def _labels(takes: Sequence[TakeFile], dataset: Path) -> list[Finding]:
    seconds: Counter[str] = Counter()
    for take in takes:
        seconds[take.recording.label] += _seconds(take)  # type: ignore[assignment]
    most, least = max(seconds, key=seconds.__getitem__), min(seconds, key=seconds.__getitem__)
    if seconds[most] <= UNEQUAL * seconds[least]:
        return []
    return [
        Finding(
            "balance",
            dataset / least,
            None,
            f"{seconds[least]:.1f} s of {least}, but {seconds[most]:.1f} s of {most}",
            f"record more of {least}; a model learns to prefer what it sees most",
        )
    ]


def _people(takes: Sequence[TakeFile], dataset: Path) -> list[Finding]:
    """Labels that somebody did not make, and somebody who made far fewer takes than others."""
    made: dict[str, Counter[str]] = defaultdict(Counter)
    for take in takes:
        made[take.recording.person][take.recording.label] += 1
    labels = {take.recording.label for take in takes}
    largest = max(made, key=lambda person: made[person].total())
    findings = []
    for person, counts in sorted(made.items()):
        missing = sorted(labels - set(counts))
        what = f"{person} made no {', '.join(missing)}" if missing else ""
        if UNEQUAL * counts.total() < made[largest].total():
            what += f"{' and' if what else person + ' made'} {counts.total()} takes in all"
            what += f", {largest} made {made[largest].total()}"
        if what:
            step = f"record what is missing with --person {person}; otherwise a model learns the "
            findings.append(Finding("balance", dataset, None, what, step + "person, not the label"))
    return findings


def _seconds(take: TakeFile) -> float:
    return len(take.recording) / take.recording.rate_hz


def _and_others(takes: Sequence[TakeFile]) -> str:
    if len(takes) == 1:
        return "in this take alone"
    return f"here and in {len(takes) - 1} more take{'s' if len(takes) > 2 else ''}"
