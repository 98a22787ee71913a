"""Settings of `task: forecast`."""

from __future__ import annotations

import datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from pipeline.config.sections import (
    MOST_SAMPLES,
    Epochs,
    FitConfig,
    Patience,
    RecurrentConfig,
    Section,
    TaskConfig,
    TrainedModelConfig,
)

MOST_OUTPUTS = 16  # a board's answer must fit one line of the serial protocol
MOST_CHANNELS = 32  # of one `observe` command


Missing = Literal["refuse", "previous", "interpolate", "longest part"]
Horizon = Annotated[int, Field(gt=0, le=MOST_SAMPLES)]


class SeriesConfig(Section):
    """The time series."""

    path: Path = Field(
        description="a table such as CSV: a header, then one row for each step, in order of time"
    )
    time: tuple[str, ...] = Field(
        (),
        max_length=6,
        description="columns of the time: one or two of dates and clocks (2014-05-01 13:00), one "
        "of numbers, or year, month, day, hour, minute, second or the first of them; `[]`: those "
        "that are clearly the time",
    )
    dates: Literal["day first", "month first", "year first"] | None = Field(
        None,
        description="the order in dates such as 01/02/2009, where the rows do not show it",
    )
    timezone: str | None = Field(
        None,
        max_length=64,
        description="the zone of local times that change for summer, such as Europe/Berlin",
    )
    period_s: float | None = Field(
        None,
        gt=0,
        le=1e9,
        description="seconds from one row to the next, where no column has the time",
    )
    missing: Missing = Field(
        "refuse",
        description="what to do about missing readings: refuse the file, take the previous value, "
        "interpolate between two, or use only the longest part without any",
    )
    channels: tuple[str, ...] = Field(
        min_length=1,
        max_length=MOST_CHANNELS,
        description="columns of numbers that are inputs of the network",
    )
    categories: tuple[str, ...] = Field(
        (),
        max_length=MOST_CHANNELS,
        description="columns of words; each word of the training part becomes a channel of 0 and 1",
    )
    targets: tuple[str, ...] = Field(
        min_length=1, max_length=MOST_OUTPUTS, description="channels that are forecast"
    )
    units: dict[str, str] = Field(
        {}, max_length=MOST_CHANNELS, description="units of channels, for people"
    )

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, timezone: str | None) -> str | None:
        try:
            if timezone is not None:
                ZoneInfo(timezone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{timezone!r} is no time zone, such as Europe/Berlin") from None
        return timezone

    @field_validator("period_s")
    @classmethod
    def _takes_the_place_of_a_time(
        cls, period_s: float | None, others: ValidationInfo
    ) -> float | None:
        if period_s is not None and others.data.get("time"):
            raise ValueError("is for files without a time; leave data.time out")
        return period_s

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
                f"{', '.join(unseen)} is not in data.channels: a forecast is the last value plus a "
                "change"
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
    """The steps that a forecast uses, and those that are forecast."""

    length: int = Field(
        72, gt=1, le=MOST_SAMPLES, description="steps of a window, the input of a forecast"
    )
    horizons: tuple[Horizon, ...] = Field(
        (1, 6, 24),
        min_length=1,
        max_length=MOST_OUTPUTS,
        description="steps ahead that are forecast, in rising order",
    )
    season: int | None = Field(
        24,
        gt=0,
        le=1_000_000,
        description="steps after which the series repeats; null: none",
    )

    @field_validator("horizons")
    @classmethod
    def _horizons_rise(cls, horizons: tuple[int, ...]) -> tuple[int, ...]:
        if any(a >= b for a, b in pairwise(horizons)):
            raise ValueError("must rise: each further ahead than the one before")
        return horizons


class ForecastSplitConfig(Section):
    """The split by time: the test part is always later than the training part."""

    test: float | datetime.date = Field(
        0.2,
        description="the test part: this share of the steps, the newest; or all from this date",
    )
    validation: float = Field(
        0.2, gt=0, le=0.5, description="share of the rest, its newest, for early stopping"
    )

    @field_validator("test", mode="wrap")
    @classmethod
    def _some_of_it(cls, test: Any, read: ValidatorFunctionWrapHandler) -> float | datetime.date:
        """One fault, not one for each of the types."""
        try:
            value: float | datetime.date = read(test)
        except ValidationError:
            value = 0.0
        if isinstance(value, float) and not 0 < value <= 0.5:
            raise ValueError("must be a share above 0 and up to 0.5, or a date such as 2014-01-01")
        return value


class ForecastFitConfig(FitConfig):
    """How a forecasting network is fitted."""

    epochs: Epochs = 12
    patience: Patience = 4


class ForecastConfig(TaskConfig):
    """A config of `task: forecast`."""

    task: Literal["forecast"] = Field("forecast", description="which task")
    data: SeriesConfig
    window: ForecastWindowConfig = ForecastWindowConfig()
    split: ForecastSplitConfig = ForecastSplitConfig()
    model: TrainedModelConfig = Field(
        RecurrentConfig(kind="gru", downsample=3, dropout=0.1),
        description="the same keys as in `task: gesture`",
    )
    fit: ForecastFitConfig = ForecastFitConfig()
