"""`gesture report`: the report of a run, from the artifacts that it has so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.artifacts import Float32, Int8, Int32, person_of
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP
from pipeline.core.errors import PipelineError
from pipeline.core.files import save_text
from pipeline.core.original_names import load_names
from pipeline.core.progress import OnStep
from pipeline.core.run_folder import RunFolder, as_left, note
from pipeline.core.shares import Share, percent_range
from pipeline.datasets.disturb import DISTURBANCES, Disturbance
from pipeline.reports.facts import (
    ClassResult,
    ForecastFacts,
    GestureFacts,
    Headline,
    HeldOutWindows,
    PersonResult,
    RunFacts,
    Timeline,
    Verdict,
    written_contract,
    written_metrics,
    written_timeline,
    written_verdict,
)
from pipeline.reports.pages import (
    GenerationFacts,
    SentimentFacts,
    SketchFacts,
    TranslationFacts,
    render_captions,
    render_forecast,
    render_generation,
    render_gestures,
    render_questions,
    render_sentiment,
    render_sketch,
    render_translation,
)
from pipeline.training.learning_curve import LearningCurves, saved_curves
from pipeline.training.metrics import (
    Metrics,
    classification_metrics,
    metrics_from_confusion,
)
from pipeline.training.robustness import Curve, Robustness, make_curve
from pipeline.twin.library import Twin
from pipeline.workflows.decision import Events, outcome
from pipeline.workflows.generated import run_twin
from pipeline.workflows.learning import learning_curves
from pipeline.workflows.run_facts import (
    Page,
    complete_artifacts,
    facts_of,
    held_out_windows,
    int8_accuracy,
    int8_exact,
    int8_loss,
    int8_nats,
    load_forecasts,
    optional_json,
    people_of,
    series_scores,
)
from pipeline.workflows.runs import converted_contract, locked_run


@dataclass(frozen=True)
class Reported:
    """accuracy: of gestures; robustness: None for a run that is not converted yet too.

    learning: None where the recordings have changed, or are not there.
    """

    run: Path
    report: Path
    int8: bool
    accuracy: float | None
    how: str
    headline: Headline | None = None
    robustness: Robustness | None = None
    learning: LearningCurves | None = None


def report(path: Path, on_step: OnStep) -> Reported:
    """Write a run's report; for a converted gesture run also its robustness, if missing."""
    with locked_run(path, "report") as run:
        contract = run.contract()
        for file in (run.robustness_file, run.learning_curve_file):
            if not as_left(run, file.name):
                file.unlink(missing_ok=True)  # it is made again
        has_curves = contract.task == "gesture" and contract.quantization is not None
        swept = sweep(run, on_step) if has_curves else None
        curves = learning_curves(run, on_step) if contract.task == "gesture" else None
        on_step("writing the report")
        page = write_report(run)
    about = (page.int8, page.accuracy, page.how, page.headline)
    return Reported(run.path, run.report_file, *about, swept, curves)


def write_report(run: RunFolder) -> Page:
    """Render report.html from the artifacts that exist; it names the missing ones."""
    with complete_artifacts(run):
        page = PAGE_OF[run.contract().task](run)
    save_text(run.report_file, page.html)
    note(run, "report")
    return page


SEED = 1
MOST_WINDOWS = 1000  # of more windows, an even choice
LEAST_ASKED = 400  # fewer windows are repeated with other disturbances
INT32 = np.iinfo(np.int32)


def sweep(run: RunFolder, on_step: OnStep) -> Robustness:
    """The robustness of this model: from the run, or computed and saved there."""
    contract = converted_contract(run.tested)
    saved = saved_sweep(run, contract.hash())
    if saved is not None:
        return saved
    held_out = held_out_windows(run.tested, contract)
    count = len(held_out.targets)
    chosen = np.linspace(0, count - 1, min(count, MOST_WINDOWS)).astype(np.int64)
    chosen = np.tile(chosen, -(-LEAST_ASKED // len(chosen)))
    windows, targets = held_out.windows[chosen], held_out.targets[chosen]
    channels = tuple(channel.name for channel in contract.channels)
    twin = run_twin(run.tested)
    curves = []
    for disturbance in DISTURBANCES:
        on_step(f"disturbing: {disturbance.name}")
        curves.append(_curve(disturbance, windows, targets, channels, twin))
    rotation = next(curve for curve in curves if curve.name == "rotation")
    found = Robustness(contract.hash(), len(targets), rotation.falls_above, tuple(curves))
    found.save(run.robustness_file)
    return found


def saved_sweep(run: RunFolder, contract_hash: str) -> Robustness | None:
    """The result of an earlier sweep of this model, unless it cannot be read."""
    if not run.robustness_file.is_file():
        return None
    try:
        saved = Robustness.load(run.robustness_file)
    except PipelineError:
        return None
    return saved if saved.contract == contract_hash else None


def _curve(
    disturbance: Disturbance,
    windows: Float32,
    targets: Int32,
    channels: tuple[str, ...],
    twin: Twin,
) -> Curve:
    """Accuracy at each level of a disturbance, each with the same random numbers."""
    accuracies = []
    for level in disturbance.levels:
        random = np.random.default_rng(SEED)
        scores = _ask(twin, disturbance.apply(windows, channels, level, random))
        accuracies.append(float(np.mean(scores.argmax(axis=1) == targets)))
    return make_curve(
        disturbance.name,
        disturbance.meaning,
        disturbance.unit,
        disturbance.neutral,
        disturbance.levels,
        accuracies,
    )


def _ask(twin: Twin, windows: Float32) -> Int8:
    """The scores of windows that are scaled as on a board, int8 [n, K]."""
    thousandths = np.rint(windows.astype(np.float64) * UNITS_PER_SAMPLE_STEP)
    samples = np.zeros((windows.shape[0] * windows.shape[1], 6), np.int32)
    samples[:, : twin.channels] = thousandths.clip(INT32.min, INT32.max).reshape(-1, twin.channels)
    inputs = twin.quantize(samples)
    return twin.invoke(inputs.reshape(len(windows), -1))


LEAKY = "leaky"
HONEST = {  # protocols, the hardest first
    "lopo": "each person in turn, without training data of this person",
    "session": "each session in turn, without training data of this session",
    "kfold": "every {by} once; none is in both training and test data",
}


def gesture_page(run: RunFolder) -> Page:
    """Render the page of a gesture run."""
    facts = gather(run)
    verdict = facts.verdict
    html = render_gestures(facts)
    return Page(html, verdict.how, verdict.int8, verdict.accuracy, facts.headline)


def gather(run: RunFolder) -> GestureFacts:
    """Read the facts of a gesture run."""
    facts = facts_of(run)
    contract = facts["contract"]
    tested_contract = run.tested.contract()
    held_out = held_out_windows(run.tested, tested_contract)
    evaluation = optional_json(run.evaluation_file, "evaluate")
    robustness = saved_sweep(run, tested_contract.hash())
    curves = saved_curves(run)
    names = load_names(run.path, "train")
    verdict = written_verdict(_verdict(run, facts, held_out, evaluation), names)
    events = events_of(run, evaluation)
    called = None if events is None else events["gestures"]
    known = names.all_shown("person", people_of(run, contract))
    people = {*known, *(person.person for person in verdict.people)}
    facts["contract"] = written_contract(contract, names)
    background = facts["contract"].policy.background
    timeline = _timeline(run)
    return GestureFacts(
        **facts,
        headline=make_headline(verdict, background, called, people, curves),
        decision=_decision(run),
        verdict=verdict,
        held_out=held_out,
        evaluated=_honest(evaluation) is not None,
        events=events,
        robustness=None if robustness is None else asdict(robustness),
        timeline=None if timeline is None else written_timeline(timeline, names),
        curves=None if curves is None else asdict(curves),
    )


def _decision(run: RunFolder) -> dict[str, Any] | None:
    found = optional_json(run.tested.events_file, "convert")
    return None if found is None else found["choice"]


def _timeline(run: RunFolder) -> Timeline | None:
    if not run.tested.events_file.is_file():
        return None
    streams = Events.load(run.tested.events_file).gestures
    longest = max(streams, key=lambda calls: len(calls.gestures), default=None)
    if longest is None or not longest.gestures:
        return None
    return Timeline(longest.gestures, longest.events)


def accuracies_by_protocol(evaluation: Mapping[str, Any] | None) -> dict[str, float]:
    """int8 accuracy of each protocol in an evaluation.json."""
    scores = () if evaluation is None else evaluation["protocols"]
    return {score["protocol"]: score["int8_accuracy"] for score in scores}


def events_of(run: RunFolder, evaluation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Metrics of events by kind of stream: of the hardest honest protocol, else of the run."""
    honest = _honest(evaluation)
    if honest is not None:
        called: dict[str, Any] = honest["called"]
        return called
    if not run.tested.events_file.is_file():
        return None
    return asdict(outcome([Events.load(run.tested.events_file)]))


def _honest(evaluation: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The score of the hardest protocol without leakage."""
    scores = {} if evaluation is None else {s["protocol"]: s for s in evaluation["protocols"]}
    return next((scores[protocol] for protocol in HONEST if protocol in scores), None)


def _verdict(
    run: RunFolder,
    facts: Mapping[str, Any],
    held_out: HeldOutWindows,
    evaluation: Mapping[str, Any] | None,
) -> Verdict:
    leaky_accuracy = accuracies_by_protocol(evaluation).get(LEAKY)
    honest, by = _honest(evaluation), facts["settings"]["split"]["by"]
    if honest is not None:
        return _evaluated(honest, by, leaky_accuracy)
    return _own(run, facts, held_out, by == LEAKY, leaky_accuracy)


def _evaluated(score: Mapping[str, Any], by: str | None, leaky_accuracy: float | None) -> Verdict:
    protocol = score["protocol"]
    people = [
        PersonResult(person["person"], person["windows"], person["int8_accuracy"])
        for person in score["people"]
    ]
    found = metrics_from_confusion(np.array(score["confusion"]), score["labels"])
    return Verdict(
        how=HONEST[protocol].format(by="take" if by in (None, LEAKY) else by),
        strangers=protocol == "lopo" or (protocol == "kfold" and by == "person"),
        leaky=False,
        folds=len(score["folds"]),
        int8=True,
        people=tuple(people),
        float_accuracy=score["float_accuracy"],
        leaky_accuracy=leaky_accuracy,
        **_measured(found),
    )


def _own(
    run: RunFolder,
    facts: Mapping[str, Any],
    held_out: HeldOutWindows,
    leaky: bool,
    leaky_accuracy: float | None,
) -> Verdict:
    contract, metrics = facts["contract"], facts["metrics"]
    converted = contract.quantization is not None
    people = _people(held_out)
    learned = people_of(run, contract, "train", "validation")
    return Verdict(
        how=metrics["split"],
        strangers=learned.isdisjoint(person.person for person in people),
        leaky=leaky,
        folds=1,
        int8=converted,
        people=people,
        float_accuracy=metrics["accuracy"] if converted else None,
        leaky_accuracy=leaky_accuracy,
        **_measured(classification_metrics(held_out.targets, held_out.predicted, contract.labels)),
    )


def _measured(found: Metrics) -> dict[str, Any]:
    windows = int(found.confusion.sum())
    return {
        "accuracy": found.accuracy,
        "windows": windows,
        "labels": tuple(score.label for score in found.classes),
        "confusion": found.confusion.tolist(),
        "classes": tuple(ClassResult(**asdict(score)) for score in found.classes),
    }


def _people(held_out: HeldOutWindows) -> tuple[PersonResult, ...]:
    right = held_out.predicted == held_out.targets
    of_person: dict[str, list[bool]] = defaultdict(list)
    for name, is_right in zip(held_out.names, right.tolist(), strict=True):
        of_person[person_of(name)].append(is_right)
    return tuple(
        PersonResult(person, len(results), sum(results) / len(results))
        for person, results in sorted(of_person.items())
    )


def forecast_page(run: RunFolder) -> Page:
    """Render the page of a forecast run."""
    saved = load_forecasts(run)
    facts = ForecastFacts(
        **facts_of(run), scores=series_scores(saved), held=saved.dataset, forecast=saved.forecast
    )
    return Page.of(render_forecast(facts), facts)


def sentiment_page(run: RunFolder) -> Page:
    """Render the page of a sentiment run."""
    values = facts_of(run)
    int8 = int8_accuracy(run, values["contract"])
    names = load_names(run.path, "train")
    values["contract"] = written_contract(values["contract"], names)
    values["metrics"] = written_metrics(values["metrics"], names)
    facts = SentimentFacts(**values, int8_accuracy=int8)
    return Page.of(render_sentiment(facts), facts)


def generation_page(run: RunFolder) -> Page:
    """Render the page of a text generation run."""
    values = facts_of(run)
    facts = GenerationFacts(**values, int8_loss=int8_loss(run, values["contract"]))
    return Page.of(render_generation(facts), facts)


def translation_page(run: RunFolder) -> Page:
    """Render the page of a translation run."""
    values = facts_of(run)
    facts = TranslationFacts(**values, int8_exact=int8_exact(run, values["contract"]))
    return Page.of(render_translation(facts), facts)


def caption_page(run: RunFolder) -> Page:
    """Render the page of a caption run."""
    values = facts_of(run)
    facts = TranslationFacts(**values, int8_exact=int8_exact(run, values["contract"]))
    return Page.of(render_captions(facts), facts)


def sketch_page(run: RunFolder) -> Page:
    """Render the page of a run that draws."""
    values = facts_of(run)
    facts = SketchFacts(**values, int8_nats=int8_nats(run, values["contract"]))
    return Page.of(render_sketch(facts), facts)


def question_page(run: RunFolder) -> Page:
    """Render the page of a run that answers questions."""
    facts = RunFacts(**facts_of(run))
    return Page(render_questions(facts), facts.metrics["split"], False, facts.metrics["accuracy"])


PAGE_OF: Mapping[str, Callable[[RunFolder], Page]] = {
    "gesture": gesture_page,
    "sentiment": sentiment_page,
    "generation": generation_page,
    "forecast": forecast_page,
    "translation": translation_page,
    "caption": caption_page,
    "sketch": sketch_page,
    "question": question_page,
}


PEOPLE_FOR_STRANGERS = 3  # to learn from some and to test on another, in turn
NAMED = 3  # more people are counted


def make_headline(
    verdict: Verdict,
    background: str | None,
    called: Mapping[str, Any] | None,
    people: Collection[str],
    curves: LearningCurves | None,
) -> Headline:
    """The headline of a run.

    Args:
        verdict: of its windows.
        background: the label of no gesture.
        called: metrics of the events of gestures; None before conversion.
        people: all who made gestures.
        curves: learning curves, where they are computed.
    """
    gestures = [one for one in verdict.classes if one.windows and one.label != background]
    share, what = _counted(gestures or verdict.classes, called)
    return Headline(
        share=share,
        what=what,
        people=len(verdict.people),
        holds=_holds(verdict),
        others=_others(verdict, people, curves),
        more=tuple(_more(verdict, gestures, people)),
    )


def _counted(
    classes: Collection[ClassResult], called: Mapping[str, Any] | None
) -> tuple[Share, str]:
    if called is not None and called["takes"]:
        return Share(called["found"], called["takes"]), "held-out gestures were called by name"
    rights = [Share.of(one.recall, one.windows) for one in classes]
    share = Share(sum(one.right for one in rights), sum(one.count for one in rights))
    return share, "held-out gestures were recognized, each from one window"


def _holds(verdict: Verdict) -> str:
    who = _listed([person.person for person in verdict.people])
    if verdict.leaky:
        return "It holds for nobody: pieces of the same takes were learned from."
    if not verdict.strangers:
        return f"It holds for {who}, moving as in the recordings."
    few = " Another person may differ more than the interval says." * (len(verdict.people) == 1)
    return f"It holds for a stranger: no recording of {who} was learned from.{few}"


def _listed(names: list[str]) -> str:
    if len(names) > NAMED:
        return f"{len(names)} people"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _others(verdict: Verdict, people: Collection[str], curves: LearningCurves | None) -> str:
    """What those expect for whom the figure does not hold."""
    if verdict.leaky:
        return ""
    if verdict.strangers:
        return "People in the recordings can expect more."
    if curves is not None and curves.people is not None:
        last = curves.people.points[-1]
        return (
            f"For a stranger expect about {last.accuracy:.0%} ({percent_range(last.interval)}), by "
            f"{curves.model} after {last.count} other people."
        )
    if len(people) >= PEOPLE_FOR_STRANGERS:
        return "For a stranger expect less: `gesture evaluate --protocol lopo` measures how much."
    missing = PEOPLE_FOR_STRANGERS - len(people)
    more = "one more person" if missing == 1 else f"{missing} more people"
    return (
        f"For a stranger expect less. Takes of {_listed(sorted(people))} alone cannot show how "
        f"much: record {more}, with `gesture capture --person NAME`."
    )


def _more(
    verdict: Verdict, gestures: Collection[ClassResult], people: Collection[str]
) -> Iterator[str]:
    """What would change the picture most: another person, takes of a gesture, two mixed up."""
    if len(people) == 1:
        who = _listed([*people])
        yield f"Another person would change the picture most: all takes are of {who}."
    elif len(verdict.people) == 1 and verdict.strangers:
        yield (
            f"The other {len(people) - 1} people would change the picture most: `gesture evaluate` "
            "tests each person in turn."
        )
    if gestures:
        yield _least_sure(gestures)
    pair = _most_confused(verdict)
    if pair is not None:
        yield pair


def _least_sure(gestures: Collection[ClassResult]) -> str:
    share = {one.label: Share.of(one.recall, one.windows) for one in gestures}
    width = {label: one.interval[1] - one.interval[0] for label, one in share.items()}
    label = max(width, key=lambda name: width[name])
    said = f"{share[label]} right, so probably {percent_range(share[label].interval)}"
    if len(gestures) > 1 and len(set(width.values())) == 1:
        who, which = f"All gestures are equally unsure (`{label}`: {said})", "each"
    else:
        who, which = f"`{label}` is least sure ({said})", "it"
    return f"{who}: more takes of {which} would make the figure surer."


def _most_confused(verdict: Verdict) -> str | None:
    pairs = {
        (true, predicted): count
        for true, row in zip(verdict.labels, verdict.confusion, strict=True)
        for predicted, count in zip(verdict.labels, row, strict=True)
        if true != predicted and count
    }
    if not pairs:
        return None
    true, predicted = max(pairs, key=lambda pair: pairs[pair])
    windows = sum(verdict.confusion[verdict.labels.index(true)])
    count = Share(pairs[true, predicted], windows)
    return f"`{true}` was most often taken for `{predicted}` ({count}): more takes of both help."
