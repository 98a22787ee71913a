"""What a config of `task: forecast` may set."""

from __future__ import annotations

import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from pipeline.config_fit import FitConfig, TaskConfig
from pipeline.config_models import ModelConfig, RecurrentConfig, Section

MOST_OUTPUTS = 16  # what a board says fits one line of the serial protocol
MOST_CHANNELS = 32  # of one `observe`


class SeriesConfig(Section):
    path: Path = Field(description="a CSV file: a header, then a row a step, by rising time")
    time: tuple[str, ...] = Field(
        ("t_us",),
        min_length=1,
        description="columns that tell when: one of dates (2014-05-01 13:00), one of numbers whose "
        "name ends in _us or _s, or year, month, day, hour, minute, second or the first of them",
    )
    channels: tuple[str, ...] = Field(
        min_length=1, description="columns of numbers that the network sees"
    )
    categories: tuple[str, ...] = Field(
        (), description="columns of words; each word that training saw becomes a channel of 0 and 1"
    )
    targets: tuple[str, ...] = Field(min_length=1, description="which of the channels are forecast")
    units: dict[str, str] = Field({}, description="of channels, for people")

    @field_validator("targets")
    @classmethod
    def _columns_go_together(
        cls, targets: tuple[str, ...], others: ValidationInfo
    ) -> tuple[str, ...]:
        channels = others.data.get("channels", targets)
        for names in ((*channels, *others.data.get("categories", ())), targets):
            doubled = sorted({name for name in names if names.count(name) > 1})
            if doubled:
                raise ValueError(f"{', '.join(doubled)} is named twice")
        unseen = [target for target in targets if target not in channels]
        if unseen:
            raise ValueError(
                f"{', '.join(unseen)} is not in data.channels: a forecast is the last value and "
                "what changes"
            )
        return targets

    @field_validator("units")
    @classmethod
    def _units_are_of_channels(
        cls, units: dict[str, str], others: ValidationInfo
    ) -> dict[str, str]:
        unseen = [name for name in units if name not in others.data.get("channels", units)]
        if unseen:
            raise ValueError(f"{', '.join(unseen)} is not in data.channels")
        return units


class ForecastWindowConfig(Section):
    length: int = Field(72, gt=1, lt=2**16, description="steps that a forecast looks back on")
    horizons: tuple[int, ...] = Field(
        (1, 6, 24), min_length=1, description="steps ahead that are forecast, rising"
    )
    season: int | None = Field(
        24, gt=0, description="steps after which the series is expected to repeat; null: none"
    )

    @field_validator("horizons")
    @classmethod
    def _horizons_rise(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        if horizons[0] < 1 or any(a >= b for a, b in pairwise(horizons)):
            raise ValueError("are steps ahead: 1 or more, each further than the one before")
        return horizons


class ForecastSplitConfig(Section):
    """By time: what is judged is always later than what was learned from."""

    test: float | datetime.date = Field(
        0.2,
        description="what is held out: this share of the steps, the newest; or all from this date",
    )
    validation: float = Field(
        0.2, gt=0, le=0.5, description="share of the rest, its newest, for early stopping"
    )

    @field_validator("test", mode="wrap")
    @classmethod
    def _some_of_it(cls, test: Any, read: ValidatorFunctionWrapHandler) -> float | datetime.date:
        """One fault, not one for each of the types."""
        try:
            found: float | datetime.date = read(test)
        except ValidationError:
            found = 0.0
        if isinstance(found, float) and not 0 < found <= 0.5:
            raise ValueError("is a share above 0 and up to 0.5, or a date as 2014-01-01")
        return found


class ForecastFitConfig(FitConfig):
    epochs: int = Field(12, gt=0, description="passes over the training part")
    patience: int = Field(4, gt=0, description="epochs without a better validation loss")


class ForecastConfig(TaskConfig):
    task: Literal["forecast"] = Field("forecast", description="what is learned")
    data: SeriesConfig
    window: ForecastWindowConfig = ForecastWindowConfig()
    split: ForecastSplitConfig = ForecastSplitConfig()
    model: ModelConfig = Field(
        RecurrentConfig(kind="gru", downsample=3, dropout=0.1),
        description="its keys are those of `task: gesture`",
    )
    fit: ForecastFitConfig = ForecastFitConfig()
