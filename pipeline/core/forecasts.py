"""Series datasets, and the errors of forecasts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Int32, Int64
from pipeline.core.contract import UNITS_PER_SAMPLE_STEP, Channel
from pipeline.core.files import load_arrays, reading, save_arrays

Float64 = NDArray[np.float64]


MONTH_S = 365.2425 / 12 * 86400  # on average


def span(length_s: float) -> str:
    """A length of time for people: 24 h, but 3 days, and 2 months."""
    months = round(length_s / MONTH_S)
    if months and math.isclose(length_s, months * MONTH_S, rel_tol=1e-9):
        return f"{months} months" if months > 1 else "a month"
    for unit, least_s, size_s in (("days", 172800, 86400), ("h", 3600, 3600), ("min", 60, 60)):
        if length_s >= least_s:
            return f"{length_s / size_s:.4g} {unit}"
    return f"{length_s:.4g} s"


@dataclass(frozen=True)
class Output:
    """One number that is forecast: a channel, by its index, so many steps ahead."""

    channel: int
    steps: int


@dataclass(frozen=True)
class SeriesDataset:
    """A series for training.

    Args:
        rows: int32 [n, channels], in thousandths, the inputs of a board.
        season: rows after which the series repeats; None without a season.
        origins: `train`, `validation` and `test`, to int64 indices of the last row of a window.
            Targets of one part are never rows of another; those of `test` are the latest.
        training_rows: rows from the first on that scaling may be fitted on.
        split_note: how the test part was chosen, for people.
    """

    rows: Int32
    channels: tuple[Channel, ...]
    outputs: tuple[Output, ...]
    window: int
    season: int | None
    origins: Mapping[str, Int64]
    training_rows: int
    step_s: float
    fingerprint: str
    split_note: str

    @property
    def values(self) -> Float64:
        """float64 [n, channels], in the channels' units."""
        return self.rows / UNITS_PER_SAMPLE_STEP

    def windows(self, origins: Int64) -> Float32:
        """The inputs of a network at each origin: float32 [m, window, channels], not scaled."""
        every = np.lib.stride_tricks.sliding_window_view(self.values, self.window, axis=0)
        return every[origins - self.window + 1].transpose(0, 2, 1).astype(np.float32)

    def last(self, origins: Int64) -> Float64:
        """The last known value of the channel of each output: float64 [m, outputs]."""
        return self._picked(origins, [0] * len(self.outputs))

    def truth(self, origins: Int64) -> Float64:
        """The true values: float64 [m, outputs]."""
        return self._picked(origins, [output.steps for output in self.outputs])

    def seasonal(self, origins: Int64) -> Float64 | None:
        """The values at the same time of the last known season: float64 [m, outputs]."""
        if self.season is None:
            return None
        season = self.season
        back = [o.steps - season * math.ceil(o.steps / season) for o in self.outputs]
        return self._picked(origins, back)

    def held_out(self) -> SeriesDataset:
        """The test part alone, with the rows before it that its windows and seasons need."""
        test = self.origins["test"]
        first = int(test[0]) + 1 - max(self.window, self.season or 0)
        return replace(
            self, rows=self.rows[first:], origins={"test": test - first}, training_rows=0
        )

    def _picked(self, origins: Int64, ahead: list[int]) -> Float64:
        values = self.values
        columns = zip(self.outputs, ahead, strict=True)
        return np.column_stack([values[origins + steps, o.channel] for o, steps in columns])


@dataclass(frozen=True)
class ForecastError:
    """Mean absolute and root mean square error of the forecasts of one output, in its unit."""

    mae: float
    rmse: float

    @classmethod
    def of(cls, forecast: Float64, truth: Float64) -> ForecastError:
        """The errors of forecasts, float64 [m]."""
        error = forecast - truth
        return cls(float(np.abs(error).mean()), float(np.sqrt(np.square(error).mean())))


@dataclass(frozen=True)
class ForecastScore:
    """Errors of one output, and of guesses without a model.

    Args:
        steps: ahead.
        last: errors of the last value as a guess.
        seasonal: errors of the value one season ago; None without a season.
    """

    channel: str
    unit: str
    steps: int
    model: ForecastError
    last: ForecastError
    seasonal: ForecastError | None

    @property
    def best_guess(self) -> ForecastError:
        """The guess with the smaller mean absolute error."""
        guesses = [guess for guess in (self.last, self.seasonal) if guess is not None]
        return min(guesses, key=lambda guess: guess.mae)


def forecast_scores(
    dataset: SeriesDataset, origins: Int64, forecast: Float64
) -> tuple[ForecastScore, ...]:
    """Errors of each output of a forecast, float64 [m, outputs], from origins, int64 [m]."""
    truth, last = dataset.truth(origins), dataset.last(origins)
    seasonal = dataset.seasonal(origins)
    return tuple(
        ForecastScore(
            channel=dataset.channels[output.channel].name,
            unit=dataset.channels[output.channel].unit,
            steps=output.steps,
            model=ForecastError.of(forecast[:, at], truth[:, at]),
            last=ForecastError.of(last[:, at], truth[:, at]),
            seasonal=None if seasonal is None else ForecastError.of(seasonal[:, at], truth[:, at]),
        )
        for at, output in enumerate(dataset.outputs)
    )


@dataclass(frozen=True)
class HeldOutSeries:
    """The test part of a run, and the float network's forecasts of it, float64 [m, outputs]."""

    dataset: SeriesDataset
    forecast: Float64

    def save(self, path: Path) -> None:
        """Write series.npz."""
        series = self.dataset
        facts = {
            "channels": [channel.model_dump() for channel in series.channels],
            "outputs": [[output.channel, output.steps] for output in series.outputs],
            "window": series.window,
            "season": series.season,
            "step_s": series.step_s,
            "fingerprint": series.fingerprint,
            "split_note": series.split_note,
        }
        save_arrays(
            path,
            rows=series.rows,
            origins=series.origins["test"],
            forecast=self.forecast,
            facts=np.array(json.dumps(facts, sort_keys=True)),
        )

    @classmethod
    def load(cls, path: Path) -> HeldOutSeries:
        """Read series.npz."""
        arrays = load_arrays(path, "train", {"rows", "origins", "forecast", "facts"})
        with reading(path, "train"):
            facts = json.loads(str(arrays["facts"]))
            channels = map(Channel.model_validate, facts.pop("channels"))
            outputs = (Output(*output) for output in facts.pop("outputs"))
            dataset = SeriesDataset(
                rows=arrays["rows"],
                channels=tuple(channels),
                outputs=tuple(outputs),
                origins={"test": arrays["origins"]},
                training_rows=0,
                **facts,
            )
        return cls(dataset, arrays["forecast"])
