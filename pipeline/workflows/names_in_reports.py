"""Facts of a report with labels and people as they were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pipeline.core.contract import Contract
from pipeline.core.original_names import OriginalNames
from pipeline.reports.facts import Timeline, Verdict


def written_contract(contract: Contract, names: OriginalNames) -> Contract:
    """A contract for people: boards know the labels by other names."""
    decision = contract.decision
    if decision is not None and decision.background is not None:
        update = {"background": _label(decision.background, names)}
        decision = decision.model_copy(update=update)
    return contract.model_copy(
        update={"labels": names.all_shown("label", contract.labels), "decision": decision}
    )


def written_metrics(metrics: Mapping[str, Any], names: OriginalNames) -> dict[str, Any]:
    """The metrics of a sentiment run; the same figures."""
    mistakes = [
        {**mistake, **{key: _label(mistake[key], names) for key in ("true", "called")}}
        for mistake in metrics["mistakes"]
    ]
    labels = names.all_shown("label", metrics["labels"])
    return {**metrics, "labels": list(labels), "mistakes": mistakes}


def written_verdict(verdict: Verdict, names: OriginalNames) -> Verdict:
    """The same figures."""
    return replace(
        verdict,
        labels=names.all_shown("label", verdict.labels),
        classes=tuple(replace(one, label=_label(one.label, names)) for one in verdict.classes),
        people=tuple(
            replace(one, person=names.shown("person", one.person)) for one in verdict.people
        ),
    )


def written_timeline(timeline: Timeline, names: OriginalNames) -> Timeline:
    """The same gestures and events."""
    gestures = ((_label(label, names), *times) for label, *times in timeline.gestures)
    events = ((_label(label, names), *rest) for label, *rest in timeline.events)
    return Timeline(tuple(gestures), tuple(events))  # type: ignore[arg-type]


def _label(label: str, names: OriginalNames) -> str:
    return names.shown("label", label)
