"""The contract: everything a board must know to run a model as it was trained.

Written at training, extended at conversion, compiled into the firmware as constants and
read back from the board after upload. Its hash is how a board proves what it runs.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import ExitCode, PipelineError
from pipeline.files import save_text

FIXED_POINT_BITS = 30
HIGHEST_SCORE = 255  # of a window
MOST_SMOOTHING_WINDOWS = 16
NO_BACKGROUND = 255  # instead of a class
UNITS_PER_SAMPLE_STEP = 1000  # samples travel as integers, in thousandths of their unit

Task = Literal["gesture", "sentiment", "generation", "forecast"]
Level = Literal["words", "characters"]
End = Literal["pre", "post"]


class Part(BaseModel):
    """A piece of the contract: frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Channel(Part):
    name: str
    unit: str


class Scaling(Part):
    """Network input = (sample - mean) / std, a value a channel, in the channel's unit."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Quantisation(Part):
    """int8 = round(real / scale) + zero_point, for the network's input and output."""

    input_scale: float
    input_zero_point: int
    output_scale: float
    output_zero_point: int


class DecisionPolicy(Part):
    """How scores become events.

    The scores of the last `smoothing_windows` windows are averaged. A class fires when its
    average reaches its threshold; then nothing fires for `refractory_s`, and that class not
    before its average has fallen below `release`. The background class never fires.
    """

    smoothing_windows: int
    thresholds: tuple[float, ...]
    release: float
    refractory_s: float
    background: str | None


class Hashes(Part):
    """SHA-256, hex, of what the model was made from and of the model itself."""

    data: str
    config: str
    model: str | None = None


class VocabularyFacts(Part):
    """What makes the network's input of text: of each word or character a row of its embedding.

    size: rows, with number 0 for padding and 1 for what is not known; sha256: of vocabulary.json.
    """

    level: Level
    size: int
    padding: End
    truncating: End
    sha256: str


class Horizon(Part):
    """One output of a forecast: by how much the channel changes in so many steps, over `scale`."""

    channel: str
    steps: int
    scale: float


class Contract(Part):
    """channels: of a step of the network's input; of text the columns of the embedding.

    labels: what a score is given to; none where the outputs are forecasts, in the order of
    `horizons`, or of the characters of the vocabulary. rate_hz: 0 for text.
    """

    version: Literal[3] = 3
    task: Task
    channels: tuple[Channel, ...]
    rate_hz: float
    window: int
    hop: int
    mode: Literal["window", "streaming"] = "window"  # streaming: the state stands for all before
    streaming: bool = False  # whether the network is given only what is new, a hop at a time
    labels: tuple[str, ...]
    scaling: Scaling
    decision: DecisionPolicy | None = None  # of gestures
    vocabulary: VocabularyFacts | None = None  # of text
    horizons: tuple[Horizon, ...] = ()  # of forecasts
    quantisation: Quantisation | None = None
    hashes: Hashes

    @property
    def gestures(self) -> tuple[str, ...]:
        """The labels that can be called out."""
        return tuple(label for label in self.labels if label != self.policy.background)

    @property
    def outputs(self) -> int:
        """Numbers that the network gives at a time."""
        if self.task == "generation" and self.vocabulary is not None:
            return self.vocabulary.size
        return len(self.labels) or len(self.horizons)

    @property
    def policy(self) -> DecisionPolicy:
        """Raises ValueError for a task that calls no gestures."""
        if self.decision is None:
            raise ValueError(f"a contract for {self.task} has no decision policy")
        return self.decision

    def canonical_json(self) -> str:
        """The one text that stands for this contract: sorted keys, no spaces."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    def hash(self) -> str:
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    @property
    def feed(self) -> int:
        """Samples that the network is given at a time."""
        return self.hop if self.streaming else self.window

    @property
    def occasion(self) -> str:
        """When the network answers, in words."""
        if self.vocabulary is not None:
            return "for each text" if self.mode == "window" else "for each character"
        return "for each row" if self.horizons else f"every {self.hop} samples"

    def converted(
        self, quantisation: Quantisation, flatbuffer: bytes, streaming: bool = False
    ) -> Contract:
        """This contract, with what conversion adds to it."""
        model = hashlib.sha256(flatbuffer).hexdigest()
        hashes = self.hashes.model_copy(update={"model": model})
        return self.model_copy(
            update={"quantisation": quantisation, "streaming": streaming, "hashes": hashes}
        )

    def save(self, path: Path) -> None:
        text = json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True)
        save_text(path, text + "\n")

    @classmethod
    def load(cls, path: Path) -> Contract:
        """Raises PipelineError where the file is missing, cut short or not a contract."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise PipelineError(
                f"There is no contract at {path}.",
                "the folder is not a finished run, or training was stopped before it ended",
                "go on with it by `gesture train --resume RUN`, or run `gesture train CONFIG` and "
                "give the run folder it prints",
            ) from None
        except OSError as error:
            raise _not_understood(path, error.strerror or str(error)) from None
        except ValidationError as error:
            raise _not_understood(path, _first_fault(error)) from None


def _not_understood(path: Path, fault: str) -> PipelineError:
    return PipelineError(
        f"{path} is not a contract this version understands: {fault}.",
        "the file was edited, cut short, or written by another version",
        "train and convert again; generated files are never edited by hand",
        ExitCode.MISMATCH,
    )


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"]) or "the file"
    return f"{place}: {fault['msg']}"


@dataclass(frozen=True)
class FixedPointScaling:
    """Sample to network input in integers: int8 = clamp((sample * multiplier + offset) >> shift).

    `sample` is in thousandths of the channel's unit. Scaling, input quantisation and rounding
    are folded into one multiply and one add of 64 bits, the same on every machine.
    """

    multipliers: tuple[int, ...]  # int32, one a channel
    offsets: tuple[int, ...]  # int64, one a channel
    shift: int


def fixed_point_scaling(contract: Contract) -> FixedPointScaling:
    """Raises ValueError for a contract that has not been through conversion."""
    if contract.quantisation is None:
        raise ValueError("the contract has no quantisation yet")
    scale, zero = contract.quantisation.input_scale, contract.quantisation.input_zero_point
    steps = [1.0 / (std * scale) for std in contract.scaling.std]
    shift = _shift_of(max(steps) / UNITS_PER_SAMPLE_STEP)
    one = 1 << shift
    return FixedPointScaling(
        multipliers=tuple(round(one * step / UNITS_PER_SAMPLE_STEP) for step in steps),
        offsets=tuple(
            round(one * (zero - mean * step)) + one // 2
            for mean, step in zip(contract.scaling.mean, steps, strict=True)
        ),
        shift=shift,
    )


def fixed_point_horizons(contract: Contract) -> FixedPointScaling:
    """Output to what is added to the last value, in thousandths: (output * multiplier + offset) >>
    shift, one a horizon. Raises ValueError as fixed_point_scaling does."""
    if contract.quantisation is None:
        raise ValueError("the contract has no quantisation yet")
    scale, zero = contract.quantisation.output_scale, contract.quantisation.output_zero_point
    steps = [scale * horizon.scale * UNITS_PER_SAMPLE_STEP for horizon in contract.horizons]
    shift = _shift_of(max(steps))
    one = 1 << shift
    return FixedPointScaling(
        multipliers=tuple(round(one * step) for step in steps),
        offsets=tuple(round(-one * zero * step) + one // 2 for step in steps),
        shift=shift,
    )


def _shift_of(largest: float) -> int:
    """That brings factors up to `largest` close to 2^30, where there is most precision."""
    shift = min(FIXED_POINT_BITS, FIXED_POINT_BITS - math.ceil(math.log2(largest)) - 1)
    return max(shift, 1)


@dataclass(frozen=True)
class FixedPointPolicy:
    """A decision policy in the integers a board decides with; sums of scores of 0..255."""

    smoothing_windows: int
    background: int  # a class, or NO_BACKGROUND
    release_sum: int
    refractory_us: int
    fire_sums: tuple[int, ...]  # one a class


def fixed_point_policy(policy: DecisionPolicy, labels: Sequence[str]) -> FixedPointPolicy:
    windows = policy.smoothing_windows
    name = policy.background
    return FixedPointPolicy(
        smoothing_windows=windows,
        background=labels.index(name) if name in labels else NO_BACKGROUND,
        release_sum=score_sum(policy.release, windows),
        refractory_us=round(policy.refractory_s * 1e6),
        fire_sums=tuple(score_sum(threshold, windows) for threshold in policy.thresholds),
    )


def score_sum(average: float, windows: int) -> int:
    """The least sum of `windows` scores of 0..255 whose average is `average` (0..1) or more."""
    return math.ceil(Fraction(str(average)) * HIGHEST_SCORE * windows)
