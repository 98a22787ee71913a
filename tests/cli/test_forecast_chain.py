"""A forecast from a CSV file to a board: trained, converted, deployed, asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.artifacts import Int32, RunFolder
from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.contract import fixed_point_horizons, fixed_point_scaling
from pipeline.conversion.oracle import run_oracle
from pipeline.conversion.stepped_reference import SteppedReference
from pipeline.forecasts import HeldOutSeries
from pipeline.stages.quantising import compiled
from pipeline.twin import Twin
from tests.cli.commands import gesture
from tests.series_files import write_series

CONFIG = {
    "task": "forecast",
    "data": {
        "path": "series.csv",
        "time": ["when"],
        "channels": ["temperature", "humidity"],
        "categories": ["wind"],
        "targets": ["temperature", "humidity"],
        "units": {"temperature": "degC"},
    },
    "window": {"length": 24, "horizons": [1, 6], "season": 24},
    "fit": {"epochs": 3},
}
NETWORKS = {
    "gru": {"kind": "gru", "downsample": 3, "units": [6]},
    "conv1d": {"kind": "conv1d", "convolutions": [{"filters": 6, "kernel": 5}], "dropout": 0.1},
}


@dataclass(frozen=True)
class Done:
    run: RunFolder
    trained: dict[str, Any]
    held: Int32  # the held-out rows


@pytest.fixture(scope="module", params=NETWORKS)
def done(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, host_compiler: None
) -> Done:
    work = tmp_path_factory.mktemp(f"forecast-{request.param}")
    write_series(work / "series.csv")
    config = {**CONFIG, "model": NETWORKS[request.param]}
    (work / "config.yaml").write_text(yaml.safe_dump(config))
    trained = gesture("train", "config.yaml", "--run", "runs/first", "--json", cwd=work)
    assert trained.code == 0, trained.told
    by_keras = gesture("forecast", "runs/first", "series.csv", "--json", cwd=work)
    assert by_keras.code == 0, by_keras.told
    assert not by_keras.json["int8"]
    converted = gesture("convert", "runs/first", "--json", cwd=work)
    assert converted.code == 0, converted.told
    run = RunFolder(work / "runs" / "first")
    held = HeldOutSeries.load(run.series_file).dataset.rows
    told = {"float": by_keras.json, "converted": converted.json, **trained.json}
    return Done(run, told, held)


def reference(run: RunFolder, rows: Int32) -> Int32:
    """What the contract says in integers, around what the network's own reference answers."""
    contract = run.contract()
    scaling, changes = fixed_point_scaling(contract), fixed_point_horizons(contract)
    scaled = (rows.astype(np.int64) * scaling.multipliers + scaling.offsets) >> scaling.shift
    inputs = np.clip(scaled, -128, 127).astype(np.int8)
    ends = range(contract.window, len(rows) + 1)
    windows = np.stack([inputs[end - contract.window : end] for end in ends])
    network = compiled(run.flatbuffer_file.read_bytes(), contract)
    log = run.build / "oracle.log"
    if network.recurrence is None:
        outputs = run_oracle(run.flatbuffer_file, windows, log)
    else:
        stepped = SteppedReference.of(run.flatbuffer_file.read_bytes(), network.recurrence, log)
        outputs = stepped.answers(windows, contract.window)[:, 0]
    change = (outputs.astype(np.int64) * changes.multipliers + changes.offsets) >> changes.shift
    names = [channel.name for channel in contract.channels]
    columns = [names.index(horizon.channel) for horizon in contract.horizons]
    forecast: Int32 = (rows[contract.window - 1 :, columns] + change).astype(np.int32)
    return forecast


def test_the_twin_forecasts_what_the_integers_of_the_contract_say(done: Done) -> None:
    told = Twin(done.run.sources, done.run.build).forecast(done.held)
    np.testing.assert_array_equal(told, reference(done.run, done.held))


def test_int8_is_close_to_the_float_network(done: Done) -> None:
    by_float, by_int8 = done.trained["float"], forecast_of(done)
    for one, other in zip(by_float["forecasts"], by_int8["forecasts"], strict=True):
        assert {**one, "value": 0} == {**other, "value": 0}
        assert abs(one["value"] - other["value"]) < 1.0
    assert [each["steps"] for each in by_int8["forecasts"]] == [1, 6, 1, 6]
    assert by_int8["last_time"] == "2020-02-29 23:00:00"
    assert by_int8["forecasts"][1]["time"] == "2020-03-01 05:00:00"


def forecast_of(done: Done) -> dict[str, Any]:
    told = gesture("forecast", done.run.path, "../../series.csv", "--json", cwd=done.run.path)
    assert told.code == 0, told.told
    assert told.json["int8"]
    found: dict[str, Any] = told.json
    return found


def test_the_report_has_the_errors_beside_those_of_guessing(done: Done) -> None:
    page = done.run.report_file.read_text("utf-8")
    assert "last value" in page
    assert "a season ago" in page
    assert page.count("<svg") >= 2 + 4 + 1
    assert "the board&#39;s own C" in page or "the board's own C" in page


@pytest.mark.usefixtures("qemu")
def test_a_board_says_what_the_twin_says(done: Done) -> None:
    deployed = gesture("deploy", done.run.path, "--board", "virtual", "--json", cwd=done.run.path)
    assert deployed.code == 0, deployed.told
    rows = done.held[: done.run.contract().window + 20]
    expected = Twin(done.run.sources, done.run.build).forecast(rows)
    image = Path(deployed.json["image"]["path"])
    with start("virtual", image, fast=True) as board, open_port(board.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        told = [observe(client, row) for row in rows.tolist()]
    assert [len(lines) for lines in told[:23]] == [0] * 23
    found = [values for lines in told for values in lines]
    np.testing.assert_array_equal(np.rint(np.array(found, float) * 1000), expected)


def observe(client: BoardClient, row: list[int]) -> list[tuple[str, ...]]:
    client.command("observe " + " ".join(f"{value / 1000:.3f}" for value in row))
    return [message.words[1:] for message in client.take_kept("forecast")]


@pytest.mark.usefixtures("qemu")
def test_it_can_be_reproduced(done: Done) -> None:
    verified = gesture("verify", done.run.path, cwd=done.run.path)
    assert verified.code == 0, verified.told
