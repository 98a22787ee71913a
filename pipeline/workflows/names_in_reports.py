"""Facts of a report with labels and people as they were written."""

from __future__ import annotations

from dataclasses import replace

from pipeline.core.contract import Contract
from pipeline.core.original_names import OriginalNames
from pipeline.reports.facts import Timeline, Verdict


def written_contract(contract: Contract, names: OriginalNames) -> Contract:
    """A contract for people: boards know the labels by other names."""
    policy = {
        "background": contract.policy.background and _label(contract.policy.background, names)
    }
    return contract.model_copy(
        update={
            "labels": names.all_shown("label", contract.labels),
            "decision": contract.decision and contract.decision.model_copy(update=policy),
        }
    )


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
