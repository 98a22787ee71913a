"""What is particular to forecasts: a series in, and numbers with units out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.artifacts import Float32, Int32
from pipeline.config_file import load_section
from pipeline.config_series import ForecastConfig
from pipeline.contract import UNITS_PER_SAMPLE_STEP, Contract
from pipeline.errors import ExitCode, PipelineError
from pipeline.forecasts import Float64, span
from pipeline.run_folder import RunFolder
from pipeline.stages.asked_board import board_that_runs
from pipeline.stages.held_out_series import load_trained, save_int8
from pipeline.stages.runs import contract_for, open_run
from pipeline.stages.settling import Proven, Settled

if TYPE_CHECKING:
    from pipeline.datasets.series import Series
    from pipeline.training.fit import Epoch
    from pipeline.training.run_files import Trained
    from pipeline.twin import Twin


@dataclass(frozen=True)
class Forecast:
    """time: when it will be, seconds of the board's clock where the series has no dates."""

    channel: str
    unit: str
    steps: int
    time: str
    last: float
    value: float


@dataclass(frozen=True)
class Forecasts:
    """What comes after the last row of a file. by: who says it, a board, its C on this computer or
    the float network."""

    run: Path
    file: Path
    by: str
    last_time: str
    forecasts: tuple[Forecast, ...]


def train_forecasts(
    config: ForecastConfig, folder: RunFolder, on_epoch: Callable[[Epoch], None]
) -> Trained:
    from pipeline.datasets.forecasting import make_forecast_dataset
    from pipeline.datasets.series import read_series
    from pipeline.training.forecast import train_forecast

    series = read_series(config.data.path, config.data)
    return train_forecast(make_forecast_dataset(series, config), config, folder, on_epoch)


def settle_forecasts(proven: Proven) -> Settled:
    """Let the compiled C forecast what was held out, row by row, as a board does."""
    from pipeline.forecasts import judge
    from pipeline.training.forecast import figures

    proven.on_step("forecasting what was held out")
    held = load_trained(proven.run).dataset
    test = held.origins["test"]
    told = proven.twin.forecast(held.rows)[test - held.window + 1]
    save_int8(proven.draft, told)
    judged = judge(held, test, told / UNITS_PER_SAMPLE_STEP)
    return Settled(proven.contract, figures=figures(judged))


def forecast(path: Path, file: Path, port: str | None = None) -> Forecasts:
    """What comes after the last row of `file`, which has the columns that the run was trained on.

    port: of a board to ask. Raises PipelineError where the run forecasts nothing, the file is no
    such series, or the board runs another model.
    """
    from pipeline.datasets.forecasting import categories_of
    from pipeline.datasets.series import read_series

    run = open_run(path)
    contract = contract_for(run, "forecast", "forecast")
    config = load_section(run.require(run.config_file, "train"), ForecastConfig)
    series = read_series(file, config.data)
    _check_series(series, contract)
    rows = series.thousandths(categories_of(contract, config))[-contract.window :]
    told, by = _told(run, contract, rows, port)
    return Forecasts(
        run=run.path,
        file=file,
        by=by,
        last_time=series.time(-1),
        forecasts=_in_words(contract, series, rows, told),
    )


def _told(run: RunFolder, contract: Contract, rows: Int32, port: str | None) -> tuple[Float64, str]:
    """float64 [outputs], in units, and by whom."""
    from pipeline.twin import Twin

    if port is not None:
        return _by_board(run, contract, rows, port), f"the board at {port}"
    if contract.quantisation is None:
        return _by_keras(run, contract, rows), "the float network, not converted yet"
    twin: Twin = Twin(run.sources, run.build)
    return twin.forecast(rows)[-1] / UNITS_PER_SAMPLE_STEP, "the firmware's C on this computer"


def _by_board(run: RunFolder, contract: Contract, rows: Int32, port: str) -> Float64:
    """Told a whole window, it says what comes next, whatever it was told before."""
    with board_that_runs(run, port) as board:
        told = board.forecast(rows.tolist(), len(contract.horizons))
    found: Float64 = np.array(told) / UNITS_PER_SAMPLE_STEP
    return found


def _by_keras(run: RunFolder, contract: Contract, rows: Int32) -> Float64:
    from pipeline.training.forecast import changes_by
    from pipeline.training.saved import load_network

    window: Float32 = (rows / UNITS_PER_SAMPLE_STEP).astype(np.float32)
    changes = changes_by(load_network(run.require(run.keras_file, "train")), contract, window[None])
    found: Float64 = _last(contract, rows) + changes[0]
    return found


def _last(contract: Contract, rows: Int32) -> Float64:
    names = [channel.name for channel in contract.channels]
    columns = [names.index(horizon.channel) for horizon in contract.horizons]
    found: Float64 = rows[-1, columns] / UNITS_PER_SAMPLE_STEP
    return found


def _in_words(
    contract: Contract, series: Series, rows: Int32, told: Float64
) -> tuple[Forecast, ...]:
    units = {channel.name: channel.unit for channel in contract.channels}
    each = zip(contract.horizons, _last(contract, rows).tolist(), told.tolist(), strict=True)
    return tuple(
        Forecast(
            channel=horizon.channel,
            unit=units[horizon.channel],
            steps=horizon.steps,
            time=series.time(-1, horizon.steps),
            last=last,
            value=round(value, 3),
        )
        for horizon, last, value in each
    )


def _check_series(series: Series, contract: Contract) -> None:
    if len(series) < contract.window:
        raise PipelineError(
            f"{series.path} has {len(series)} rows, and the run looks back on {contract.window}.",
            "that was the window.length it was trained with",
            "give it a longer series, or train a run with a smaller window.length",
            ExitCode.USAGE,
        )
    period_s = 1 / contract.rate_hz
    if abs(series.step_s - period_s) > 0.05 * period_s:
        raise PipelineError(
            f"{series.path} has a row every {span(series.step_s)}, the run was trained on one "
            f"every {span(period_s)}.",
            "what comes so many steps ahead would be at other times",
            "give it a series of the same period, or train a run on this one",
            ExitCode.MISMATCH,
        )
