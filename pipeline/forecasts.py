"""What a forecast is of: a series with what of it may be looked at, and how far a guess was off."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Float32, Int32, Int64
from pipeline.contract import UNITS_PER_SAMPLE_STEP, Channel
from pipeline.files import load_arrays, reading, save_arrays

Float64 = NDArray[np.float64]


def span(length_s: float) -> str:
    """A length of time as people say it: 24 h, but 3 days."""
    for unit, least_s, size_s in (("days", 172800, 86400), ("h", 3600, 3600), ("min", 60, 60)):
        if length_s >= least_s:
            return f"{length_s / size_s:.4g} {unit}"
    return f"{length_s:.4g} s"


@dataclass(frozen=True)
class Output:
    """One number that is forecast: a channel, by its place in a row, so many steps ahead."""

    channel: int
    steps: int


@dataclass(frozen=True)
class SeriesDataset:
    """A series ready for the training core.

    rows: int32 [n, channels], in thousandths, as a board is given them.
    window: rows that a forecast looks back on; season: after which the series repeats, or None.
    origins: `train`, `validation`, `test` to int64 indices of the last row a window sees. Targets
    of one part are never rows of another, and those of `test` are later than all others.
    learned: rows from the first on that scaling may be fitted on.
    """

    rows: Int32
    channels: tuple[Channel, ...]
    outputs: tuple[Output, ...]
    window: int
    season: int | None
    origins: Mapping[str, Int64]
    learned: int
    step_s: float
    fingerprint: str
    split_note: str

    @property
    def values(self) -> Float64:
        """float64 [n, channels], in the channels' units."""
        return self.rows / UNITS_PER_SAMPLE_STEP

    def windows(self, origins: Int64) -> Float32:
        """What a network sees at each origin: float32 [m, window, channels], not scaled."""
        every = np.lib.stride_tricks.sliding_window_view(self.values, self.window, axis=0)
        found: Float32 = every[origins - self.window + 1].transpose(0, 2, 1).astype(np.float32)
        return found

    def last(self, origins: Int64) -> Float64:
        """The last value, of the channel of each output: float64 [m, outputs]."""
        return self._picked(origins, [0] * len(self.outputs))

    def truth(self, origins: Int64) -> Float64:
        """What came: float64 [m, outputs]."""
        return self._picked(origins, [output.steps for output in self.outputs])

    def seasonal(self, origins: Int64) -> Float64 | None:
        """What was at that time of the last season that is known: float64 [m, outputs]."""
        if self.season is None:
            return None
        season = self.season
        back = [o.steps - season * math.ceil(o.steps / season) for o in self.outputs]
        return self._picked(origins, back)

    def held_out(self) -> SeriesDataset:
        """Only the test part, with the rows before it that its windows and seasons reach into."""
        test = self.origins["test"]
        first = int(test[0]) + 1 - max(self.window, self.season or 0)
        return replace(self, rows=self.rows[first:], origins={"test": test - first}, learned=0)

    def _picked(self, origins: Int64, ahead: list[int]) -> Float64:
        values = self.values
        columns = zip(self.outputs, ahead, strict=True)
        return np.column_stack([values[origins + steps, o.channel] for o, steps in columns])


@dataclass(frozen=True)
class ForecastError:
    """How far the forecasts of one output were off, in its unit: mean absolute error, and the
    root of the mean square."""

    mae: float
    rmse: float

    @classmethod
    def of(cls, forecast: Float64, truth: Float64) -> ForecastError:
        off = forecast - truth
        return cls(float(np.abs(off).mean()), float(np.sqrt(np.square(off).mean())))


@dataclass(frozen=True)
class Judged:
    """One output, and what guessing without a model comes to: the last value, and that of a
    season ago where there is one."""

    channel: str
    unit: str
    steps: int
    model: ForecastError
    last: ForecastError
    seasonal: ForecastError | None

    @property
    def best_guess(self) -> ForecastError:
        """The better of the two, by its mean absolute error."""
        guesses = [guess for guess in (self.last, self.seasonal) if guess is not None]
        return min(guesses, key=lambda guess: guess.mae)


def judge(dataset: SeriesDataset, origins: Int64, forecast: Float64) -> tuple[Judged, ...]:
    """forecast: float64 [m, outputs], in units."""
    truth, last = dataset.truth(origins), dataset.last(origins)
    seasonal = dataset.seasonal(origins)
    return tuple(
        Judged(
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
    """The test part, and what the float network forecast at each of its origins: float64
    [m, outputs], in units."""

    dataset: SeriesDataset
    forecast: Float64

    def save(self, path: Path) -> None:
        held = self.dataset
        facts = {
            "channels": [channel.model_dump() for channel in held.channels],
            "outputs": [[output.channel, output.steps] for output in held.outputs],
            "window": held.window,
            "season": held.season,
            "step_s": held.step_s,
            "fingerprint": held.fingerprint,
            "split_note": held.split_note,
        }
        save_arrays(
            path,
            rows=held.rows,
            origins=held.origins["test"],
            forecast=self.forecast,
            facts=np.array(json.dumps(facts, sort_keys=True)),
        )

    @classmethod
    def load(cls, path: Path) -> HeldOutSeries:
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
                learned=0,
                **facts,
            )
        return cls(dataset, arrays["forecast"])
