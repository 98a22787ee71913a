"""The report of a run of gestures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.contract import Contract
from pipeline.reports.facts import ClassResult, GestureFacts, HeldOutWindows, PersonResult, Verdict
from pipeline.run_folder import RunFolder
from pipeline.stages.deciding import Events, outcome
from pipeline.stages.robustness import kept_sweep
from pipeline.stages.run_facts import Page, facts_of, optional_json
from pipeline.stages.run_windows import held_out_windows

if TYPE_CHECKING:
    from pipeline.training.evaluate import Metrics

LEAKY = "leaky"
HONEST = {  # protocols, the hardest first
    "lopo": "each person in turn, of whom training sees nothing",
    "session": "each session in turn, of which training sees nothing",
    "kfold": "every {by} once; none is both learned from and tested on",
}


def gesture_page(run: RunFolder) -> Page:
    from pipeline.reports.gesture_page import render_gestures

    facts = gather(run)
    verdict = facts.verdict
    return Page(render_gestures(facts), verdict.how, verdict.int8, verdict.accuracy)


def gather(run: RunFolder) -> GestureFacts:
    """Raises PipelineError where an artefact is missing or cannot be read."""
    facts = facts_of(run)
    contract, settings, metrics = facts["contract"], facts["settings"], facts["metrics"]
    held_out = held_out_windows(run, contract)
    evaluation = optional_json(run.evaluation_file, "evaluate")
    robustness = kept_sweep(run, contract.hash())
    return GestureFacts(
        **facts,
        verdict=_verdict(contract, settings, metrics, held_out, evaluation),
        held_out=held_out,
        evaluated=_honest(evaluation) is not None,
        events=events_of(run, evaluation),
        robustness=None if robustness is None else asdict(robustness),
    )


def accuracies_by_protocol(evaluation: Mapping[str, Any] | None) -> dict[str, float]:
    """int8, each protocol of an evaluation.json."""
    scores = () if evaluation is None else evaluation["protocols"]
    return {score["protocol"]: score["int8_accuracy"] for score in scores}


def events_of(run: RunFolder, evaluation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A score for each kind of stream: of the hardest honest protocol, else of the run's own."""
    honest = _honest(evaluation)
    if honest is not None:
        called: dict[str, Any] = honest["called"]
        return called
    if not run.events_file.is_file():
        return None
    return asdict(outcome([Events.load(run.events_file)]))


def _honest(evaluation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The score of the hardest protocol that holds apart what belongs together."""
    scores = {} if evaluation is None else {s["protocol"]: s for s in evaluation["protocols"]}
    return next((scores[protocol] for protocol in HONEST if protocol in scores), None)


def _verdict(
    contract: Contract,
    settings: Mapping[str, Any],
    metrics: Mapping[str, Any],
    held_out: HeldOutWindows,
    evaluation: Mapping[str, Any] | None,
) -> Verdict:
    leaky = accuracies_by_protocol(evaluation).get(LEAKY)
    honest = _honest(evaluation)
    if honest is not None:
        by = settings["split"]["by"]
        how = HONEST[honest["protocol"]].format(by="take" if by in (None, LEAKY) else by)
        return _evaluated(honest, how, leaky)
    return _own(contract, metrics, held_out, leaky)


def _evaluated(score: Mapping[str, Any], how: str, leaky: float | None) -> Verdict:
    import numpy as np

    from pipeline.training.evaluate import metrics_of

    people = [
        PersonResult(person["person"], person["windows"], person["int8_accuracy"])
        for person in score["people"]
    ]
    found = metrics_of(np.array(score["confusion"]), score["labels"])
    return Verdict(
        how=how,
        folds=len(score["folds"]),
        int8=True,
        people=tuple(people),
        float_accuracy=score["float_accuracy"],
        leaky_accuracy=leaky,
        **_measured(found),
    )


def _own(
    contract: Contract, metrics: Mapping[str, Any], held_out: HeldOutWindows, leaky: float | None
) -> Verdict:
    from pipeline.training.evaluate import measure

    converted = contract.quantisation is not None
    return Verdict(
        how=metrics["split"],
        folds=1,
        int8=converted,
        people=_people(held_out),
        float_accuracy=metrics["accuracy"] if converted else None,
        leaky_accuracy=leaky,
        **_measured(measure(held_out.targets, held_out.called, contract.labels)),
    )


def _measured(found: Metrics) -> dict[str, Any]:
    return {
        "accuracy": found.accuracy,
        "balanced_accuracy": found.balanced_accuracy,
        "windows": int(found.confusion.sum()),
        "labels": tuple(score.label for score in found.classes),
        "confusion": found.confusion.tolist(),
        "classes": tuple(ClassResult(**asdict(score)) for score in found.classes),
    }


def _people(held_out: HeldOutWindows) -> tuple[PersonResult, ...]:
    from pipeline.datasets.names import person_of

    right = held_out.called == held_out.targets
    of_person: dict[str, list[bool]] = defaultdict(list)
    for name, is_right in zip(held_out.names, right.tolist(), strict=True):
        of_person[person_of(name)].append(is_right)
    return tuple(
        PersonResult(person, len(results), sum(results) / len(results))
        for person, results in sorted(of_person.items())
    )
