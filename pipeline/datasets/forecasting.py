"""The dataset of a forecast: a series, split by time.

A window may begin in the part before its own, as on a board. Its targets are always in its own
part. Scaling and categories come from the training part alone.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import numpy as np

from pipeline.config.forecast_settings import MOST_CHANNELS, MOST_OUTPUTS, ForecastConfig
from pipeline.core.artifacts import Int64
from pipeline.core.contract import Channel, Contract
from pipeline.core.errors import UsageError
from pipeline.core.forecasts import Output, SeriesDataset, span
from pipeline.datasets.tables.series import Series, too_short

FEWEST_FORECASTS = 2  # of a part: the report draws a line through them
EQUALS = "="  # between the name of a column and a word, in the name of a channel


def make_forecast_dataset(series: Series, config: ForecastConfig) -> SeriesDataset:
    """Split a series for training."""
    begin, stop = _cuts(series, config)
    training = series.first_rows(begin)
    categories = tuple(tuple(sorted(set(column))) for column in training.words)
    channels = _channels(config, series.units, categories)
    return SeriesDataset(
        rows=series.thousandths(categories),
        channels=channels,
        outputs=_outputs(config, channels),
        window=config.window.length,
        season=config.window.season,
        origins=_origins(series, config, begin, stop),
        training_rows=begin,
        step_s=series.step_s,
        fingerprint=series.fingerprint,
        split_note=f"by time, from {series.time(stop)} on: {len(series) - stop} rows, "
        f"{span((len(series) - stop) * series.step_s)}",
    )


def categories_of(contract: Contract, config: ForecastConfig) -> tuple[tuple[str, ...], ...]:
    """For each column of words, the words that a trained run has a channel for."""
    parts = [channel.name.partition(EQUALS) for channel in contract.channels]
    numbers = len(config.data.channels)
    return tuple(
        tuple(word for name, _, word in parts[numbers:] if name == column)
        for column in config.data.categories
    )


def _cuts(series: Series, config: ForecastConfig) -> tuple[int, int]:
    test = config.split.test
    if isinstance(test, float):
        stop = len(series) - round(len(series) * test)
    else:
        stop = _first_from(series, test)
    return stop - round(stop * config.split.validation), stop


def _first_from(series: Series, date: datetime.date) -> int:
    if not series.dated:
        raise UsageError(
            f"{series.path} cannot be split at {date}.",
            "its time is that of a clock, without dates",
            "set split.test to a share of its rows, such as 0.2",
        )
    stop = int(np.searchsorted(series.times_us, series.microseconds(date)))
    if not 0 < stop < len(series):
        raise UsageError(
            f"{series.path} cannot be split at {date}: it goes from {series.time(0)} to "
            f"{series.time(len(series) - 1)}.",
            "split.test is a date outside it",
            "set split.test to a date within, or to a share of its rows",
        )
    return stop


def _channels(
    config: ForecastConfig, units: Mapping[str, str], categories: tuple[tuple[str, ...], ...]
) -> tuple[Channel, ...]:
    units = {**units, **config.data.units}
    numbers = [Channel(name=name, unit=units.get(name, "")) for name in config.data.channels]
    words = [
        Channel(name=f"{column}{EQUALS}{word}", unit="")
        for column, known in zip(config.data.categories, categories, strict=True)
        for word in known
    ]
    channels = (*numbers, *words)
    if len(channels) > MOST_CHANNELS:
        raise UsageError(
            f"The network would have {len(channels)} channels; the limit is {MOST_CHANNELS}.",
            "every word of a category is a channel",
            "leave a column out of data.categories",
        )
    return channels


def _outputs(config: ForecastConfig, channels: tuple[Channel, ...]) -> tuple[Output, ...]:
    names = [channel.name for channel in channels]
    outputs = tuple(
        Output(names.index(target), steps)
        for target in config.data.targets
        for steps in config.window.horizons
    )
    if len(outputs) > MOST_OUTPUTS:
        raise UsageError(
            f"There are {len(outputs)} forecasts at a time; the limit is {MOST_OUTPUTS}.",
            "each target has one for each horizon",
            "name fewer data.targets or window.horizons",
        )
    return outputs


def _origins(series: Series, config: ForecastConfig, begin: int, stop: int) -> dict[str, Int64]:
    """Origins of each part; all their targets are in the same part."""
    ahead, window = max(config.window.horizons), config.window.length
    before = max(window, config.window.season or 0)  # rows that must be known at an origin
    parts = {"train": (0, begin), "validation": (begin, stop), "test": (stop, len(series))}
    origins = {}
    for part, (first, end) in parts.items():
        part_origins = np.arange(max(first, before) - 1, end - ahead)
        if len(part_origins) < FEWEST_FORECASTS:
            known = max(before - first, 0)
            needed = known + ahead + FEWEST_FORECASTS - 1
            raise too_short(series.path, part, end - first, needed)
        origins[part] = part_origins
    return origins
