"""What a report is made of: plain data, which the stages read from the artefacts of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.artifacts import Float32, Int32, Int64
from pipeline.contract import Contract
from pipeline.forecasts import Float64, Judged, SeriesDataset


@dataclass(frozen=True)
class HeldOutWindows:
    """The windows a run is tested on, and what it says to them.

    windows: float32 [n, T, channels] in the channels' units; targets: int32 [n], an index into
    the labels; names: of the recordings; scores: float32 [n, K], 0 to 1.
    """

    windows: Float32
    targets: Int32
    names: tuple[str, ...]
    scores: Float32

    @property
    def called(self) -> Int64:
        """int64 [n]: the label of the highest score, the first of equal ones."""
        called: Int64 = self.scores.argmax(axis=1)
        return called


@dataclass(frozen=True)
class ClassResult:
    label: str
    windows: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class PersonResult:
    person: str
    windows: int
    accuracy: float


@dataclass(frozen=True)
class Verdict:
    """The honest figures: of the folds where the run was evaluated, else of its held-out part.

    how: what was held out; int8: whether it is the compiled C's answer, or the float model's.
    confusion: [true][called], by `labels`, which has gestures that a fold did not know, too.
    float_accuracy, leaky_accuracy: to compare, where known.
    """

    how: str
    folds: int
    int8: bool
    accuracy: float
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
        return self.windows - sum(row[index] for index, row in enumerate(self.confusion))


@dataclass(frozen=True)
class RunFacts:
    """What is told of a run of any task.

    metrics: metrics.json; settings: config.yaml; run: its path, as a command is given it.
    cost, image: None where the stage that leaves them has not been run.
    """

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
        return self.contract.quantisation is not None


@dataclass(frozen=True)
class GestureFacts(RunFacts):
    """Of gestures. events: a score for each kind of stream; events, robustness: None where the
    stage that leaves them has not been run."""

    verdict: Verdict
    held_out: HeldOutWindows
    evaluated: bool
    events: Mapping[str, Any] | None
    robustness: Mapping[str, Any] | None


@dataclass(frozen=True)
class ForecastFacts(RunFacts):
    """judged: each output's errors beside those of guessing; by the compiled C where converted.

    held: the held-out series; forecast: float64 [origins, outputs], in units.
    """

    judged: tuple[Judged, ...]
    held: SeriesDataset
    forecast: Float64
