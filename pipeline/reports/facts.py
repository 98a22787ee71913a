"""The facts of a report: plain data from the artifacts of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.core.artifacts import Float32, Int32, Int64
from pipeline.core.contract import Contract
from pipeline.core.forecasts import Float64, ForecastScore, SeriesDataset


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
        int8: whether the compiled C gave the predictions, or the float model.
        labels: also those that are missing in a fold.
        confusion: `[true][predicted]`, by `labels`.
        float_accuracy: for comparison; None if unknown.
        leaky_accuracy: for comparison; None if unknown.
    """

    how: str
    folds: int
    int8: bool
    accuracy: float
    accuracy_interval: tuple[float, float]
    balanced_accuracy: float
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
        evaluated: whether the verdict comes from an evaluation.
        events: metrics for each kind of stream; None before conversion.
        curves: learning curves by takes and by people; None before they are computed.
    """

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
