"""Settings of `task: gesture`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from pipeline.config.file import load_section
from pipeline.config.sections import (
    MOST_SAMPLES,
    WITH_STATE,
    ConvolutionalConfig,
    LabelFitConfig,
    ModelConfig,
    RocketConfig,
    Section,
    Seed,
    Share,
    TaskConfig,
)
from pipeline.core.contract import DecisionPolicy

Angle = Annotated[float, Field(ge=0, le=180)]
Deviation = Annotated[float, Field(ge=0, le=16)]  # of an acceleration in g


class AugmentConfig(Section):
    """Random augmentation of training recordings, within these ranges; 0 turns one off."""

    passes: int = Field(
        6,
        gt=0,
        le=100,
        description="passes over the training recordings; all but the first are augmented",
    )
    rotation_deg: Angle = Field(20.0, description="largest rotation of the board in the hand")
    mounting_deg: Angle = Field(
        0.0, description="largest rotation of another mounting of the board, after rotation_deg"
    )
    gain: float = Field(0.5, ge=0, lt=1, description="harder or softer, at most by this share")
    stretch: float = Field(0.15, ge=0, lt=1, description="slower or faster, at most by this share")
    warp: float = Field(
        0.0, ge=0, lt=1, description="parts of a gesture slower or faster, at most by this share"
    )
    shift: Share = Field(
        1.0,
        description="windows of continuous recordings begin later, at most by this share of a hop; "
        "takes are shifted by the rests between them",
    )
    jitter_g: Deviation = Field(
        0.0, description="white noise, at most of this standard deviation; 100 deg/s for each g"
    )
    drift_g: Deviation = Field(
        0.0, description="slow drift of this standard deviation; 100 deg/s for each g"
    )
    axis_dropout: Share = Field(0.0, description="share of recordings in which one axis reads 0")
    idle_mix: Share = Field(
        0.0, description="recorded rest added to a gesture, at most at this gain"
    )
    pulled: int = Field(
        4,
        ge=0,
        le=100,
        description="how often a pass has each recording of `gesture pull`; 0: never",
    )
    seed: Seed = 1


MOST_LABELS = 254  # a board stores a class in a byte
LONGEST_REST_S = 60.0
LONGEST_WINDOW_S = 600.0
LONGEST_SILENCE_S = 3600.0
Rest = Annotated[float, Field(ge=0, le=LONGEST_REST_S)]
Seconds = Annotated[float, Field(gt=0, le=LONGEST_WINDOW_S)]
BOARD_CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")  # the inputs of a board's network


def _a_board_has_them(channels: tuple[str, ...]) -> tuple[str, ...]:
    if channels != BOARD_CHANNELS[: len(channels)]:
        raise ValueError(
            f"a board gives its network {', '.join(BOARD_CHANNELS)}, or the first of them in this "
            f"order, not {', '.join(channels)}"
        )
    return channels


BoardChannels = Annotated[tuple[str, ...], AfterValidator(_a_board_has_them)]


class DataConfig(Section):
    """The recordings of gestures."""

    path: Path = Field(description="folder of recordings that import, capture or simulate made")
    everyday: Path | None = Field(
        None,
        description="folder of recordings of what a hand does all day; all of it is background",
    )
    channels: BoardChannels = Field(
        BOARD_CHANNELS,
        min_length=1,
        max_length=len(BOARD_CHANNELS),
        description="inputs of the network: these, or the first of them",
    )
    rate_hz: float = Field(
        119.0,
        ge=1,
        le=10_000,
        description="sampling rate of the model; recordings at another rate are brought to it; not "
        "set, and with a window in seconds, it is the usual rate of the recordings",
    )
    labels: tuple[str, ...] | None = Field(
        None, max_length=MOST_LABELS, description="labels to use; null: all"
    )
    background: str = Field("idle", description="label of recordings without a gesture")


class WindowConfig(Section):
    """The windows that the network classifies."""

    length: int = Field(112, gt=0, le=MOST_SAMPLES, description="samples of a window")
    length_s: Seconds | None = Field(
        None,
        exclude=True,
        description="in place of `length`, in seconds: rounded to samples that fit the network",
    )
    hop: int = Field(
        8, gt=0, le=MOST_SAMPLES, description="samples from one classification to the next"
    )
    hop_s: Seconds | None = Field(
        None,
        exclude=True,
        description="in place of `hop`, in seconds: rounded to whole strides of the network",
    )
    mode: Literal["window", "streaming"] = Field(
        "window",
        description="window: a recurrent network starts each window with a zero state; "
        "streaming: it trains and runs on one stream, and keeps its state",
    )
    rest_s: tuple[Rest, Rest] = Field(
        (1.5, 2.5), description="shortest and longest rest between joined takes, in seconds"
    )
    motion: float = Field(
        0.94,
        gt=0,
        le=1,
        description="share of the motion of a take that is the gesture; the rest is background",
    )
    seen: float = Field(
        0.5, gt=0, le=1, description="a window with at least this share of a gesture has its label"
    )
    unseen: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="a window with at most this share is background; others are not used",
    )

    @property
    def in_seconds(self) -> bool:
        """Whether its samples are not known before the rate of the data is."""
        return self.length_s is not None or self.hop_s is not None

    @model_validator(mode="after")
    def _one_of_both(self) -> WindowConfig:
        for key, seconds in (("length", self.length_s), ("hop", self.hop_s)):
            if seconds is not None and key in self.model_fields_set:
                raise ValueError(
                    f"has {key} and {key}_s; write {key} in samples or {key}_s in seconds"
                )
        return self

    @field_validator("rest_s")
    @classmethod
    def _shortest_first(cls, rest_s: tuple[float, float]) -> tuple[float, float]:
        if rest_s[0] > rest_s[1]:
            raise ValueError(f"the first rest, {rest_s[0]:g} s, must be the shortest")
        return rest_s

    @field_validator("hop")
    @classmethod
    def _hop_skips_nothing(cls, hop: int, others: ValidationInfo) -> int:
        in_seconds = others.data.get("length_s") is not None
        if not in_seconds and hop > others.data.get("length", hop):
            raise ValueError(f"more than window.length, {others.data['length']}: skips samples")
        return hop


class UnknownConfig(Section):
    """Negatives: motion that is no gesture."""

    labels: tuple[str, ...] = Field(
        (),
        max_length=MOST_LABELS,
        description="labels of recorded motion that is trained as background",
    )
    share: float | None = Field(
        None,
        ge=0,
        le=100,
        description="synthetic negatives (pieces of gestures, as background) for each other "
        "window, from eight hours of them at most; null: 1, or 0 with data.everyday",
    )
    seed: Seed = 1


MOST_FOLDS = 10_000


class SplitConfig(Section):
    """How recordings are split into training, validation and test part."""

    by: Literal["take", "session", "person", "leaky"] | None = Field(
        None,
        description="what is never in two parts; null: person with three or more persons, else "
        "take; leaky: windows at random, to show that this accuracy is too high",
    )
    folds: int | None = Field(
        5,
        ge=2,
        le=MOST_FOLDS,
        description="number of folds, one is the test part; null: one fold for each group",
    )
    fold: int = Field(0, ge=0, lt=MOST_FOLDS, description="which fold is the test part")
    validation: float = Field(
        0.1,
        ge=0,
        le=0.5,
        description="share of the other folds for early stopping and thresholds; 0: none",
    )
    seed: Seed = 1
    hold_out: bool = Field(
        False,
        description="whether the model of the run has not seen the test part; false: after the "
        "test another model is trained on all recordings, and that one goes on the board",
    )

    @field_validator("by", mode="before")
    @classmethod
    def _windows_are_not_split_by_accident(cls, by: Any) -> Any:
        if by in ("window", "windows", "random"):
            raise ValueError(
                "a random split over windows puts pieces of one take on both sides and flatters "
                "every model; write take, session or person, or explicitly leaky"
            )
        return by


DEFAULT_SMOOTHING_S = 1.05  # about as long as a gesture
ROCKET_SMOOTHING_S = 0.5  # its windows have a gesture's label only while they show all of it
FEWEST_SMOOTHED, MOST_SMOOTHED = 3, 16  # windows: one alone calls nothing, a board keeps 16
DEFAULT_THRESHOLD = 0.58
DEFAULT_RELEASE = 0.3
DEFAULT_REFRACTORY_S = 1.2


class DecisionConfig(Section):
    """The decision policy. A null value is chosen on validation data; too few leave the default."""

    smoothing_windows: int | None = Field(
        None,
        ge=1,
        le=MOST_SMOOTHED,
        description="windows over which scores are averaged; null: chosen",
    )
    threshold: float | None = Field(
        None,
        gt=0,
        le=1,
        description="smoothed score at which a gesture is called; null: chosen for each gesture",
    )
    release: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="smoothed score below which it can be called again; null: chosen",
    )
    refractory_s: float | None = Field(
        None,
        ge=0,
        le=LONGEST_SILENCE_S,
        description="seconds without a call after a call; null: chosen",
    )
    false_alarms_per_hour: float = Field(
        1.0,
        ge=0.001,
        le=3600,
        description="limit for a chosen policy, on rest and motion that is no gesture together",
    )

    @property
    def is_fixed(self) -> bool:
        """Whether nothing is left to tune."""
        values = (self.smoothing_windows, self.threshold, self.release, self.refractory_s)
        return None not in values


class GestureConfig(TaskConfig):
    """A config of `task: gesture`."""

    task: Literal["gesture"] = Field("gesture", description="which task")
    data: DataConfig
    window: WindowConfig = WindowConfig()
    split: SplitConfig = SplitConfig()
    unknown: UnknownConfig = Field(UnknownConfig(), validate_default=True)
    augment: AugmentConfig = AugmentConfig()
    model: ModelConfig = ConvolutionalConfig()
    fit: LabelFitConfig = LabelFitConfig()
    decision: DecisionConfig = DecisionConfig()

    @field_validator("unknown")
    @classmethod
    def _everyday_motion_in_place_of_pieces(
        cls, unknown: UnknownConfig, others: ValidationInfo
    ) -> UnknownConfig:
        """Who moves otherwise than the people in the data has gestures like pieces of theirs."""
        data = others.data.get("data")
        if unknown.share is not None or data is None:
            return unknown
        return unknown.model_copy(update={"share": 0.0 if data.everyday else 1.0})

    @field_validator("model")
    @classmethod
    def _a_stream_needs_a_state(cls, model: ModelConfig, others: ValidationInfo) -> ModelConfig:
        window, split = others.data.get("window"), others.data.get("split")
        if window and window.mode == "streaming":
            if model.kind not in WITH_STATE:
                raise ValueError(
                    f"{model.kind} has no state to keep; window.mode: streaming is for "
                    f"{', '.join(WITH_STATE)}, the others need no such setting to stream"
                )
            if window.length % window.hop and not window.in_seconds:
                raise ValueError("a stream needs a window.length of whole hops")
            if split and split.by == "leaky":
                raise ValueError("split.by: leaky splits windows, and a stream has none")
        return model

    @field_validator("model")
    @classmethod
    def _dilations_fit_the_window(cls, model: ModelConfig, others: ValidationInfo) -> ModelConfig:
        window = others.data.get("window")
        if isinstance(model, RocketConfig) and window and not window.in_seconds:
            return model.for_window(window.length)
        return model

    @field_validator("decision", mode="before")
    @classmethod
    def _auto_leaves_all_open(cls, decision: Any) -> Any:
        return {} if decision == "auto" else decision

    @property
    def _default_smoothing(self) -> int:
        is_rocket = isinstance(self.model, RocketConfig)
        seconds = ROCKET_SMOOTHING_S if is_rocket else DEFAULT_SMOOTHING_S
        windows = round(seconds * self.data.rate_hz / self.window.hop)
        return min(max(windows, FEWEST_SMOOTHED), MOST_SMOOTHED)

    def default_policy(self, labels: Sequence[str]) -> DecisionPolicy:
        """The decision policy without a choice: default values for what the config leaves open."""
        decision, background = self.decision, self.data.background
        return DecisionPolicy(
            smoothing_windows=_or(decision.smoothing_windows, self._default_smoothing),
            thresholds=(_or(decision.threshold, DEFAULT_THRESHOLD),) * len(labels),
            release=_or(decision.release, DEFAULT_RELEASE),
            refractory_s=_or(decision.refractory_s, DEFAULT_REFRACTORY_S),
            background=background if background in labels else None,
        )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def load_gesture_config(path: Path, overrides: Iterable[str] = ()) -> GestureConfig:
    """Read a config of `task: gesture`; raises as load_section does."""
    return load_section(path, GestureConfig, overrides)
