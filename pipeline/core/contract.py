"""The contract: all that a board must know to run a model as it was trained.

Training writes it, conversion extends it, the firmware has it as constants, and after an upload it
is read back from the board. Its hash proves which model a board runs.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from pipeline.core.errors import MismatchError, PipelineError
from pipeline.core.files import regular, save_text
from pipeline.core.mixture import LEAST_DEVIATION, STATES

FIXED_POINT_BITS = 30
EXPONENT_BITS = 24  # after the point of powers of two, as firmware/lib/sampler has them
DEVIATION_BITS = 8  # after the point of a deviation on a board
HIGHEST_SCORE = 255  # of a window
MOST_SMOOTHING_WINDOWS = 16
MOST_US = 2**32  # a board counts this time in 32 bits
NO_BACKGROUND = 255  # the class where there is no background
UNITS_PER_SAMPLE_STEP = 1000  # samples travel as integers, in thousandths of their unit

Task = Literal[
    "gesture",
    "sentiment",
    "generation",
    "forecast",
    "translation",
    "caption",
    "question",
    "sketch",
]
ON_THIS_COMPUTER: Mapping[Task, str] = {  # no board runs them: why
    "question": "its network reads all seconds at once, and the firmware has no command for it",
}
WRITING: tuple[Task, ...] = ("generation", "translation", "caption")  # tokens of a vocabulary
Level = Literal["words", "characters", "subwords"]
End = Literal["pre", "post"]


class Part(BaseModel):
    """A part of the contract: frozen, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Channel(Part):
    """One input of a network, and its unit."""

    name: str
    unit: str


class Scaling(Part):
    """Scaling of the inputs: (sample - mean) / std, with a value for each channel, in its unit."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


class Quantization(Part):
    """int8 = round(real / scale) + zero_point, for the network's input and output."""

    input_scale: float
    input_zero_point: int
    output_scale: float
    output_zero_point: int


class DecisionPolicy(Part):
    """How scores become events.

    The scores of the last `smoothing_windows` windows are averaged. A class is called when its
    average reaches its threshold. After that no class is called for `refractory_s`, and this class
    is not called again before its average has fallen below `release`. The background is never
    called.
    """

    smoothing_windows: int = Field(ge=1, le=MOST_SMOOTHING_WINDOWS)
    thresholds: tuple[float, ...]
    release: float
    refractory_s: float = Field(ge=0, lt=MOST_US / 1e6)
    background: str | None


class Hashes(Part):
    """SHA-256 in hex of the data, of the config and of the flatbuffer."""

    data: str
    config: str
    model: str | None = None


class VectorsFacts(Part):
    """The vectors of tokens that an embedding began with."""

    name: str
    version: str
    sha256: str


class VocabularyFacts(Part):
    """How text becomes the input of a network: a row of the embedding for each token.

    Args:
        letters: how words are found: by the letters of any script (pipeline/core/words.py); None
            where tokens are characters.
        size: rows of the embedding; row 0 is padding, row 1 an unknown token.
        padding: the end at which short texts are padded.
        truncating: the end at which long texts are cut.
        vectors: what the embedding began with; None for random ones.
    """

    level: Level
    letters: Literal["unicode"] | None = None
    size: int
    padding: End
    truncating: End
    sha256: str
    vectors: VectorsFacts | None = None

    @model_validator(mode="after")
    def _is_of_this_version(self) -> VocabularyFacts:
        if (self.level == "words") != (self.letters is not None):
            raise ValueError("its words end at letters beyond a to z, as in earlier versions")
        return self

    @model_serializer(mode="wrap")
    def _without_the_usual(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Contracts of characters, which are as before, keep their hash."""
        content: dict[str, Any] = serialize(self)
        for name in ("letters", "vectors"):
            if content[name] is None:
                del content[name]
        return content


class Samples(Part):
    """Samples that a network reads.

    Args:
        rate_hz: 0 of features, which have no time.
        window: so many samples are read.
    """

    channels: tuple[Channel, ...]
    rate_hz: float
    window: int
    scaling: Scaling


class Encoder(Part):
    """The network that reads a text or samples; the network of the contract writes about them.

    Args:
        channels: of its input: the columns of its embedding, or those of the samples.
        features: of its output after the last token or sample, the context: the last channels of
            each input of the network that writes.
        samples: that it reads, of a caption; None of a translation.
        feed: samples that it is given at a time; None before conversion, and of a translation.
        quantization: of its input and output; None before conversion.
        sha256: of its flatbuffer, in hex; None before conversion.
    """

    channels: int
    features: int
    samples: Samples | None = None
    feed: int | None = None
    quantization: Quantization | None = None
    sha256: str | None = None

    @model_serializer(mode="wrap")
    def _without_the_usual(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Contracts of translations, which are as before, keep their hash."""
        content: dict[str, Any] = serialize(self)
        for name in ("samples", "feed"):
            if content[name] is None:
                del content[name]
        return content

    def converted(self, quantization: Quantization, flatbuffer: bytes, feed: int) -> Encoder:
        """This encoder with what conversion adds."""
        sha256 = hashlib.sha256(flatbuffer).hexdigest()
        own = None if self.samples is None else feed
        return self.model_copy(update={"quantization": quantization, "sha256": sha256, "feed": own})

    def unconverted(self) -> Encoder:
        """This encoder without what conversion adds."""
        return Encoder(channels=self.channels, features=self.features, samples=self.samples)


class Horizon(Part):
    """One output of a forecast: the change of a channel in so many steps, over `scale`."""

    channel: str
    steps: int
    scale: float


class Line(Part):
    """value = center + factor * output."""

    center: float
    factor: float


class Mixture(Part):
    """What the outputs of a network that draws stand for, after conversion.

    Before it they are values themselves (pipeline/training/mixture_density.py); conversion brings
    each to -1 to 1, so that all have the precision of int8.

    Args:
        count: normal distributions.
        logits: of their weights, and of the states of the pen.
        means: of dx of each distribution, then of dy of each.
        deviations: natural logarithms of the deviations of dx and dy.
        correlations: before the hyperbolic tangent.
    """

    count: int
    logits: Line
    means: tuple[Line, ...]
    deviations: Line
    correlations: Line

    @property
    def lines(self) -> tuple[Line, ...]:
        """One for each output."""
        return (
            *(self.logits,) * self.count,
            *self.means,
            *(self.deviations,) * 2 * self.count,
            *(self.correlations,) * self.count,
            *(self.logits,) * STATES,
        )


class Contract(Part):
    """All that a board must know to run a model.

    Args:
        channels: of the input; for text the columns of the embedding, then the features of the
            encoder if there is one.
        rate_hz: of the samples; 0 for text.
        mode: streaming: the state of the network holds all of the past.
        streaming: whether the network gets only the new samples, a hop at a time.
        labels: of the scores; empty where the outputs are forecasts, in the order of `horizons`,
            or tokens of the vocabulary.
        encoder: of a translation or a caption, None of all else. A caption of an earlier version
            has none, and the facts about its samples stand in the contract itself.
        mixture: of a drawing after conversion, None of all else.
        trained_on: all recordings: after another model was tested.
    """

    version: Literal[3] = 3
    task: Task
    channels: tuple[Channel, ...]
    rate_hz: float
    window: int
    hop: int
    mode: Literal["window", "streaming"] = "window"
    streaming: bool = False
    labels: tuple[str, ...]
    scaling: Scaling
    decision: DecisionPolicy | None = None
    vocabulary: VocabularyFacts | None = None
    encoder: Encoder | None = None
    mixture: Mixture | None = None
    horizons: tuple[Horizon, ...] = ()
    quantization: Quantization | None = Field(default=None, alias="quantisation")  # key on disk
    hashes: Hashes
    trained_on: Literal["training part", "all recordings"] = "training part"

    @model_serializer(mode="wrap")
    def _without_the_usual(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Contracts before `trained_on`, `encoder` and `mixture` keep their hash."""
        content: dict[str, Any] = serialize(self)
        if self.trained_on == "training part":
            del content["trained_on"]
        for name in ("encoder", "mixture"):
            if content[name] is None:
                del content[name]
        return content

    @property
    def gestures(self) -> tuple[str, ...]:
        """The labels that can be called."""
        return tuple(label for label in self.labels if label != self.policy.background)

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""
        if self.task in WRITING and self.vocabulary is not None:
            return self.vocabulary.size
        if self.mixture is not None:
            return len(self.mixture.lines)
        return len(self.labels) or len(self.horizons)

    @property
    def samples(self) -> Samples:
        """What is read, by the encoder where it reads samples."""
        if self.encoder is not None and self.encoder.samples is not None:
            return self.encoder.samples
        own = {name: getattr(self, name) for name in Samples.model_fields}
        return Samples(**own)

    @property
    def reads_samples(self) -> bool:
        """Whether a network reads samples: else it reads tokens."""
        return self.vocabulary is None or self.task == "caption"

    @property
    def token_columns(self) -> int:
        """How many of the channels stand for a token, of text."""
        return len(self.channels) - (0 if self.encoder is None else self.encoder.features)

    @property
    def policy(self) -> DecisionPolicy:
        """The decision policy; ValueError where the task has none."""
        if self.decision is None:
            raise ValueError(f"a contract for {self.task} has no decision policy")
        return self.decision

    def canonical_json(self) -> str:
        """The JSON that is hashed: sorted keys, no spaces."""
        return json.dumps(
            self.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":")
        )

    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    @property
    def feed(self) -> int:
        """How many samples the network gets at a time."""
        return self.hop if self.streaming else self.window

    @property
    def occasion(self) -> str:
        """When the network runs, for people."""
        if self.vocabulary is not None:
            if self.mode == "window":
                return "for each text"
            return f"for each {self.vocabulary.level.removesuffix('s')}"
        if self.task == "sketch":
            return "for each move"
        return "for each row" if self.horizons else f"every {self.hop} samples"

    def converted(
        self, quantization: Quantization, flatbuffer: bytes, streaming: bool = False
    ) -> Contract:
        """This contract with what conversion adds."""
        model = hashlib.sha256(flatbuffer).hexdigest()
        hashes = self.hashes.model_copy(update={"model": model})
        return self.model_copy(
            update={"quantization": quantization, "streaming": streaming, "hashes": hashes}
        )

    def unconverted(self) -> Contract:
        """This contract without what conversion adds."""
        hashes = self.hashes.model_copy(update={"model": None})
        encoder = None if self.encoder is None else self.encoder.unconverted()
        changes = {"quantization": None, "streaming": False, "hashes": hashes, "encoder": encoder}
        return self.model_copy(update={**changes, "mixture": None})

    @property
    def file_text(self) -> str:
        """The content of contract.json."""
        return (
            json.dumps(self.model_dump(mode="json", by_alias=True), indent=2, sort_keys=True) + "\n"
        )

    def save(self, path: Path) -> None:
        """Write contract.json."""
        save_text(path, self.file_text)

    @classmethod
    def load(cls, path: Path) -> Contract:
        """Read contract.json; PipelineError where it is missing or no contract."""
        try:
            return cls.model_validate_json(regular(path).read_bytes())
        except FileNotFoundError:
            raise PipelineError(
                f"There is no contract at {path}.",
                "the folder is no finished run, or its training was stopped",
                "resume it with `gesture train --resume RUN`, or run `gesture train CONFIG` and "
                "give the run folder it prints",
            ) from None
        except OSError as error:
            raise _not_understood(path, error.strerror or str(error)) from None
        except ValidationError as error:
            raise _not_understood(path, _first_fault(error)) from None


def _not_understood(path: Path, fault: str) -> PipelineError:
    return MismatchError(
        f"{path} is not a contract this version understands: {fault}.",
        "the file was edited, cut short, or written by another version",
        "train and convert again; generated files are never edited by hand",
    )


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"]) or "the file"
    return f"{place}: {fault['msg']}"


@dataclass(frozen=True)
class FeatureScale:
    """`count` features of a network, each (value - zero_point) * scale of an int8 value."""

    count: int
    scale: float
    zero_point: int


@dataclass(frozen=True)
class FixedPointScaling:
    """Scaling in integers: int8 = clamp((sample * multiplier + offset) >> shift).

    Scaling, input quantization and rounding are one multiplication and one addition in 64 bits,
    the same on every machine. A sample is in thousandths of the unit of its channel.
    """

    multipliers: tuple[int, ...]
    offsets: tuple[int, ...]
    shift: int


def fixed_point_scaling(contract: Contract) -> FixedPointScaling:
    """The scaling of the samples in integers."""
    reader = contract if contract.encoder is None else contract.encoder
    if reader.quantization is None:
        raise ValueError("the contract has no quantization yet")
    scaling = contract.samples.scaling
    scale, zero = reader.quantization.input_scale, reader.quantization.input_zero_point
    steps = [1.0 / (std * scale) for std in scaling.std]
    shift = _shift_of(max(steps) / UNITS_PER_SAMPLE_STEP)
    one = 1 << shift
    return FixedPointScaling(
        multipliers=tuple(round(one * step / UNITS_PER_SAMPLE_STEP) for step in steps),
        offsets=tuple(
            round(one * (zero - mean * step)) + one // 2
            for mean, step in zip(scaling.mean, steps, strict=True)
        ),
        shift=shift,
    )


def fixed_point_horizons(contract: Contract) -> FixedPointScaling:
    """Outputs to changes in thousandths, by horizon: (output * multiplier + offset) >> shift."""
    if contract.quantization is None:
        raise ValueError("the contract has no quantization yet")
    scale, zero = contract.quantization.output_scale, contract.quantization.output_zero_point
    steps = [scale * horizon.scale * UNITS_PER_SAMPLE_STEP for horizon in contract.horizons]
    shift = _shift_of(max(steps))
    one = 1 << shift
    return FixedPointScaling(
        multipliers=tuple(round(one * step) for step in steps),
        offsets=tuple(round(-one * zero * step) + one // 2 for step in steps),
        shift=shift,
    )


def fixed_point_context(contract: Contract) -> FixedPointScaling:
    """Outputs of the encoder to inputs of the network: (output * multiplier + offset) >> shift."""
    if contract.encoder is None or contract.encoder.quantization is None:
        raise ValueError("the contract has no converted encoder")
    if contract.quantization is None:
        raise ValueError("the contract has no quantization yet")
    given, taken = contract.encoder.quantization, contract.quantization
    step = given.output_scale / taken.input_scale
    shift = _shift_of(step)
    one = 1 << shift
    offset = round(one * (taken.input_zero_point - given.output_zero_point * step)) + one // 2
    return FixedPointScaling((round(one * step),), (offset,), shift)


@dataclass(frozen=True)
class FixedPointLine:
    """value = output * multiplier + offset."""

    multiplier: int
    offset: int


@dataclass(frozen=True)
class FixedPointMixture:
    """The outputs of a network that draws in the integers of firmware/lib/model/model.h.

    Args:
        logit_step: of a logit, in log2(e), 24 bits after the point.
        means: to thousandths of the drawing's unit, with the shift of the scaling.
        deviations: to their logarithm to base 2, in thousandths, 24 bits after the point.
        least_deviation: in thousandths, 8 bits after the point.
        correlations: to 2 * log2(e) of them, 24 bits after the point.
    """

    logit_step: int
    means: FixedPointScaling
    deviations: FixedPointLine
    least_deviation: int
    correlations: FixedPointLine


def fixed_point_mixture(contract: Contract) -> FixedPointMixture:
    """What a board makes of the outputs of a network that draws."""
    if contract.mixture is None or contract.quantization is None:
        raise ValueError("the contract is not of a converted network that draws")
    mixture, quantization = contract.mixture, contract.quantization
    unit = contract.scaling.std[0] * UNITS_PER_SAMPLE_STEP
    log2e, one = math.log2(math.e), 1 << EXPONENT_BITS

    def exponent(line: Line, factor: float, more: float = 0.0) -> FixedPointLine:
        step = quantization.output_scale * line.factor
        offset = line.center - quantization.output_zero_point * step
        return FixedPointLine(round(one * factor * step), round(one * (factor * offset + more)))

    return FixedPointMixture(
        logit_step=round(one * log2e * quantization.output_scale * mixture.logits.factor),
        means=_fixed_point_means(mixture.means, quantization, unit),
        deviations=exponent(mixture.deviations, log2e, math.log2(unit)),
        least_deviation=round(LEAST_DEVIATION * unit * (1 << DEVIATION_BITS)),
        correlations=exponent(mixture.correlations, 2 * log2e),
    )


def _fixed_point_means(
    means: Sequence[Line], quantization: Quantization, unit: float
) -> FixedPointScaling:
    steps = [unit * line.factor * quantization.output_scale for line in means]
    shift = _shift_of(max(steps))
    one, zero = 1 << shift, quantization.output_zero_point
    return FixedPointScaling(
        multipliers=tuple(round(one * step) for step in steps),
        offsets=tuple(
            round(one * (unit * line.center - zero * step)) + one // 2
            for line, step in zip(means, steps, strict=True)
        ),
        shift=shift,
    )


def _shift_of(largest: float) -> int:
    """The shift that brings the largest factor close to 2^30, for the best precision."""
    shift = min(FIXED_POINT_BITS, FIXED_POINT_BITS - math.ceil(math.log2(largest)) - 1)
    return max(shift, 1)


@dataclass(frozen=True)
class FixedPointPolicy:
    """A decision policy in the integers of a board; sums are of scores of 0..255.

    Args:
        background: the index of the class, or NO_BACKGROUND.
        release_sum: below it a class can be called again.
        fire_sums: one for each class; from it on the class is called.
    """

    smoothing_windows: int
    background: int
    release_sum: int
    refractory_us: int
    fire_sums: tuple[int, ...]


def fixed_point_policy(policy: DecisionPolicy, labels: Sequence[str]) -> FixedPointPolicy:
    """A decision policy in the integers of a board."""
    windows = policy.smoothing_windows
    name = policy.background
    return FixedPointPolicy(
        smoothing_windows=windows,
        background=labels.index(name) if name in labels else NO_BACKGROUND,
        release_sum=score_sum(policy.release, windows),
        refractory_us=round(policy.refractory_s * 1e6),
        fire_sums=tuple(score_sum(threshold, windows) for threshold in policy.thresholds),
    )


@cache  # the search for a policy asks for the same sums thousands of times
def score_sum(average: float, windows: int) -> int:
    """The least sum of `windows` scores of 0..255 with at least this average (0..1)."""
    return math.ceil(Fraction(str(average)) * HIGHEST_SCORE * windows)
