"""How well the weather is forecast, beside guessing: `python -m benchmarks.sequence_weather`.

Trains configs/forecast_weather.yaml, of all channels, and configs/forecast_temperature.yaml, of
the temperature alone, on 2010 to 2013, and lets the compiled C forecast 2014. The virtual board
is asked for some of that year too, and compared with the twin and with Python's integers.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.datasets import dataset, trained
from benchmarks.results_file import Row, record, row
from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.core.artifacts import Int32
from pipeline.core.forecasts import ForecastScore
from pipeline.core.run_folder import RunFolder
from pipeline.twin.library import Twin
from pipeline.workflows import convert, deploy
from pipeline.workflows.run_facts import load_forecasts, series_scores
from tests.fixtures.forecast_reference import reference_forecasts

COMMAND = "python -m benchmarks.sequence_weather"
CONFIGS = {"weather": "forecast_weather", "temperature alone": "forecast_temperature"}
OBSERVED = 300  # rows that the virtual board is told
ASKED = 2000  # rows that twin and reference are asked about


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        rows = weather_rows(Path(name))
    record("sequence", rows)
    for figure in rows:
        print(f"{figure['name']}: {figure['value']} {figure['unit']} {figure['note']}")


def weather_rows(folder: Path) -> list[Row]:
    """Rows of the weather forecast."""
    series = dataset("weather") / "beijing_2010_2014.csv"
    rows: list[Row] = []
    unequal = 0
    for name, config in CONFIGS.items():
        began_s = time.monotonic()
        run = _trained(config, series, folder)
        took_s = time.monotonic() - began_s
        rows += _rows(name, run, took_s)
        unequal += _unequal(run)
    said = f"values of {ASKED} rows of 2014 by twin and reference, {OBSERVED} of them by QEMU too"
    return [*rows, row("forecast unequal steps", unequal, "", COMMAND, said, "<= 0")]


def _trained(config: str, series: Path, folder: Path) -> RunFolder:
    run = trained(config, [f"data.path={series}"], folder / config)
    convert.convert(run.path, None, lambda _: None)
    return run


def _rows(name: str, run: RunFolder, took_s: float) -> Iterator[Row]:
    found = series_scores(load_forecasts(run))
    for one in found:
        yield from _errors(name, one)
    last = found[-1]
    share = round(last.model.mae / last.best_guess.mae, 4)
    said = f"int8, all of 2014; trained and converted in {took_s:.0f} s"
    title = f"{name} {last.steps} h MAE against best baseline"
    yield row(title, share, "", COMMAND, said, "<= 0.99")
    cost = json.loads(run.cost_file.read_text("utf-8"))
    title = f"{name} forecast instructions"
    said = f"estimated; the network takes {cost['flash_bytes']:,} bytes of flash"
    yield row(title, cost["instructions"], "", COMMAND, said)


def _errors(name: str, one: ForecastScore) -> Iterator[Row]:
    for kind in ("mae", "rmse"):
        guesses = {"last value": getattr(one.last, kind)}
        if one.seasonal is not None:
            guesses["that hour of the day before"] = getattr(one.seasonal, kind)
        note = "; ".join(f"{guess} {error:.3f}" for guess, error in guesses.items())
        value = round(getattr(one.model, kind), 4)
        title = f"{name} {one.steps} h {kind.upper()}"
        bound = f"<= {min(guesses.values()):.3f}"
        yield row(title, value, one.unit, COMMAND, f"int8, 2014; {note}", bound)


def _unequal(run: RunFolder) -> int:
    """Values that twin, board and reference do not say alike."""
    rows = load_forecasts(run).dataset.rows[:ASKED]
    said = Twin(run.sources, run.build).forecast(rows)
    observed = _observed(run, rows[:OBSERVED])
    by_board = int(np.sum(observed != said[: len(observed)]))
    return by_board + int(np.sum(said != reference_forecasts(run, rows)))


def _observed(run: RunFolder, rows: Int32) -> Int32:
    """int32 [n - window + 1, outputs], of the virtual board."""
    deployed = deploy.deploy(run.path, "virtual", "auto", False, lambda _: None)
    image = Path(deployed.image.path)
    with start("virtual", image, fast=True) as running, open_port(running.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        lines = [line for values in rows.tolist() for line in client.observe(values)]
    return np.array(lines, np.int32)


if __name__ == "__main__":
    main()
