"""What a user may set to learn gestures, with its defaults.

Every field says what it is for. Unknown keys are errors that name the nearest right one,
and all faults of a file are reported together, before any work starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from pipeline.config_augment import AugmentConfig
from pipeline.config_file import load_section
from pipeline.config_fit import LabelFitConfig, TaskConfig
from pipeline.config_models import WITH_STATE, ConvolutionalConfig, ModelConfig, Section

BOARD_CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")  # as a board hands them to its network


class DataConfig(Section):
    path: Path = Field(description="folder of recordings, as import, capture and simulate leave it")
    channels: tuple[str, ...] = Field(
        BOARD_CHANNELS, min_length=1, description="what the network sees: these, or the first ones"
    )
    rate_hz: float = Field(119.0, gt=0, description="all recordings must be sampled at this rate")
    labels: tuple[str, ...] | None = Field(None, description="only these; all when not given")
    background: str = Field("idle", description="the label of 'no gesture'")

    @field_validator("channels")
    @classmethod
    def _a_board_has_them(cls, channels: tuple[str, ...]) -> tuple[str, ...]:
        if channels != BOARD_CHANNELS[: len(channels)]:
            raise ValueError(
                f"a board gives its network {', '.join(BOARD_CHANNELS)}, or the first of them in "
                f"this order, not {', '.join(channels)}"
            )
        return channels


class WindowConfig(Section):
    length: int = Field(112, gt=0, lt=2**16, description="samples a classification looks at")
    hop: int = Field(8, gt=0, description="samples between classifications on the board")
    mode: Literal["window", "streaming"] = Field(
        "window",
        description="window: a recurrent network begins anew with each; streaming: it learns and "
        "runs on one stream, and keeps its state",
    )
    rest_s: tuple[float, float] = Field(
        (1.5, 2.5), description="shortest and longest rest put between takes, in seconds"
    )
    motion: float = Field(
        0.94,
        gt=0,
        le=1,
        description="share of a take's motion that is the gesture; before and after it is rest",
    )
    seen: float = Field(
        0.5, gt=0, le=1, description="share of a gesture in a window that makes it that gesture"
    )
    unseen: float = Field(
        0.1, ge=0, lt=1, description="share up to which it is still background; between: left out"
    )

    @field_validator("hop")
    @classmethod
    def _hop_skips_nothing(cls, hop: int, others: ValidationInfo) -> int:
        if hop > others.data.get("length", hop):
            raise ValueError(f"more than window.length, {others.data['length']}: skips samples")
        return hop


class UnknownConfig(Section):
    labels: tuple[str, ...] = Field((), description="recorded motion that is learned as background")
    share: float = Field(
        1.0, ge=0, description="windows of gestures in pieces, learned as background, a known one"
    )
    seed: int = Field(1, description="the same seed gives the same result")


class SplitConfig(Section):
    by: Literal["take", "session", "person", "leaky"] | None = Field(
        None,
        description="what is never cut in two; person where there are three or more, else take; "
        "`leaky` deals windows at random, to show how much that flatters",
    )
    folds: int | None = Field(
        5, ge=2, description="the test part is one of this many; null: each group is left out once"
    )
    fold: int = Field(0, ge=0, description="which one")
    validation: float = Field(
        0.1,
        ge=0,
        le=0.5,
        description="share of the rest, for early stopping and thresholds; 0: all is learned from",
    )
    seed: int = Field(1, description="the same seed gives the same result")

    @field_validator("by", mode="before")
    @classmethod
    def _windows_are_not_split_by_accident(cls, by: Any) -> Any:
        if by in ("window", "windows", "random"):
            raise ValueError(
                "a random split over windows puts pieces of one take on both sides and flatters "
                "every model; write take, session or person, or spell out leaky"
            )
        return by


class DecisionConfig(Section):
    """What is null is chosen on validation data; where they are too few it has its usual value."""

    smoothing_windows: int | None = Field(
        None, ge=1, le=16, description="windows a score is averaged over; null: chosen"
    )
    threshold: float | None = Field(
        None, gt=0, le=1, description="smoothed score at which a class fires; null: chosen, by each"
    )
    release: float | None = Field(
        None, ge=0, lt=1, description="smoothed score at which it may fire again; null: chosen"
    )
    refractory_s: float | None = Field(None, ge=0, description="silence after it; null: chosen")
    false_alarms_per_hour: float = Field(
        1.0, gt=0, description="how many a policy that is chosen may come to, on unknown motion"
    )

    @property
    def is_fixed(self) -> bool:
        given = (self.smoothing_windows, self.threshold, self.release, self.refractory_s)
        return None not in given


class GestureConfig(TaskConfig):
    task: Literal["gesture"] = Field("gesture", description="what is learned")
    data: DataConfig
    window: WindowConfig = WindowConfig()
    split: SplitConfig = SplitConfig()
    unknown: UnknownConfig = UnknownConfig()
    augment: AugmentConfig = AugmentConfig()
    model: ModelConfig = ConvolutionalConfig()
    fit: LabelFitConfig = LabelFitConfig()
    decision: DecisionConfig = DecisionConfig()

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
            if window.length % window.hop:
                raise ValueError("a stream needs a window.length of whole hops")
            if split and split.by == "leaky":
                raise ValueError("split.by: leaky deals windows, and a stream has none")
        return model

    @field_validator("decision", mode="before")
    @classmethod
    def _auto_leaves_all_open(cls, decision: Any) -> Any:
        return {} if decision == "auto" else decision


def load_gesture_config(path: Path, overrides: Iterable[str] = ()) -> GestureConfig:
    """A file for gestures; raises as load_section does."""
    return load_section(path, GestureConfig, overrides)
