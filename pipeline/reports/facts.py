"""The facts of a report: plain data from the artifacts of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.core.artifacts import Float32, Int32, Int64
from pipeline.core.contract import Contract
from pipeline.core.forecasts import Float64, ForecastScore, SeriesDataset
from pipeline.core.original_names import OriginalNames
from pipeline.core.shares import Share, percent_range


@dataclass(frozen=True)
class HeldOutWindows:
    """The held-out windows of a run, with their scores.

    Attributes:
        windows: float32 [n, T, channels], in the channels' units.
        scores: float32 [n, K], 0 to 1.
    """

    windows: Float32
    targets: Int32
    names: tuple[str, ...]
    scores: Float32

    @property
    def predicted(self) -> Int64:
        """int64 [n]: the index of the highest score, the first of equal ones."""
        predicted: Int64 = self.scores.argmax(axis=1)
        return predicted


@dataclass(frozen=True)
class ClassResult:
    """The metrics of a class."""

    label: str
    windows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class PersonResult:
    """The accuracy on a person's windows."""

    person: str
    windows: int
    accuracy: float


@dataclass(frozen=True)
class Timeline:
    """A stream: gestures (label, start and end in s), and events (label, time in s, score)."""

    gestures: tuple[tuple[str, float, float], ...]
    events: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class Verdict:
    """The honest figures: of the folds where the run was evaluated, else of its held-out part.

    Attributes:
        how: the held-out part, in words.
        strangers: whether nothing of the people of the held-out part was learned from.
        leaky: whether pieces of one take are on both sides.
        int8: whether the compiled C gave the predictions, or the float model.
        labels: also those that are missing in a fold.
        confusion: `[true][predicted]`, by `labels`.
        float_accuracy: for comparison; None if unknown.
        leaky_accuracy: for comparison; None if unknown.
    """

    how: str
    strangers: bool
    leaky: bool
    folds: int
    int8: bool
    accuracy: float
    windows: int
    labels: tuple[str, ...]
    confusion: Sequence[Sequence[int]]
    classes: tuple[ClassResult, ...]
    people: tuple[PersonResult, ...]
    float_accuracy: float | None
    leaky_accuracy: float | None

    @property
    def wrong(self) -> int:
        """Number of windows with a wrong prediction."""
        return self.windows - sum(row[index] for index, row in enumerate(self.confusion))


@dataclass(frozen=True)
class Headline:
    """What a user will feel, how sure that is, and for whom it holds.

    Attributes:
        share: gestures that were right, of those that were held out.
        what: what happened to them, in words.
        people: how many made them.
        holds: for whom, a sentence.
        others: what those can expect for whom it does not hold; may be empty.
        more: which takes, or whose, would change the picture most; a sentence each.
    """

    share: Share
    what: str
    people: int
    holds: str
    others: str
    more: tuple[str, ...]

    @property
    def about(self) -> str:
        """What follows the share: of how many it is, its interval, and whose gestures they were."""
        whose = "one person" if self.people == 1 else f"{self.people} people"
        probably = f"95 % interval: {percent_range(self.share.interval)}"
        of = "" if self.share.is_counted else f"of {self.share.count:,} "
        return f"{of}{self.what} ({probably}), made by {whose}."

    @property
    def sentences(self) -> tuple[str, ...]:
        """The figure, for whom it holds, and what others can expect."""
        return tuple(filter(None, (f"{self.share} {self.about}", self.holds, self.others)))


@dataclass(frozen=True)
class RunFacts:
    """The facts of a run of any task."""

    run: str
    name: str
    dataset: str
    contract: Contract
    contract_hash: str
    settings: Mapping[str, Any]
    metrics: Mapping[str, Any]
    cost: Mapping[str, Any] | None
    image: Mapping[str, Any] | None
    flatbuffer_bytes: int | None

    @property
    def converted(self) -> bool:
        """Whether the run is converted."""
        return self.contract.quantization is not None


@dataclass(frozen=True)
class GestureFacts(RunFacts):
    """The facts of a gesture run.

    Attributes:
        headline: what a user will feel.
        decision: how the decision policy was chosen, what it cost and what it misses; None before
            conversion.
        evaluated: whether the verdict comes from an evaluation.
        events: metrics for each kind of stream; None before conversion.
        curves: learning curves by takes and by people; None before they are computed.
    """

    headline: Headline
    decision: Mapping[str, Any] | None
    verdict: Verdict
    held_out: HeldOutWindows
    evaluated: bool
    events: Mapping[str, Any] | None
    robustness: Mapping[str, Any] | None
    timeline: Timeline | None
    curves: Mapping[str, Any] | None


@dataclass(frozen=True)
class ForecastFacts(RunFacts):
    """scores: each output's errors beside those of guessing; by the compiled C where converted.

    held: the held-out series; forecast: float64 [origins, outputs], in units.
    """

    scores: tuple[ForecastScore, ...]
    held: SeriesDataset
    forecast: Float64


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
