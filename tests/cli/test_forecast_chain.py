"""A forecast from a CSV file to a board: trained, converted, deployed, asked."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.core.artifacts import Int32
from pipeline.core.errors import ExitCode
from pipeline.core.forecasts import HeldOutSeries
from pipeline.core.run_folder import RunFolder
from pipeline.twin.library import Twin
from pipeline.workflows.generated import KNOWN, require_generated
from tests.cli.commands import gesture
from tests.fixtures.forecast_reference import reference_forecasts
from tests.noted import note_all
from tests.refusals import refuses
from tests.series_files import write_series

pytestmark = pytest.mark.xdist_group("forecasts")

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

REFUSED = {  # by a board that forecasts from four channels
    "observe": "bad-argument",
    "observe 20 60 0": "bad-argument",
    "observe 20 60 0 1 1": "bad-argument",
    "observe 20 60 0 warm": "bad-argument",
    "observe 20.1234 60 0 1": "bad-argument",
    "observe 2000000.001 60 0 1": "out-of-range",
    "classify on": "wrong-task",
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
    by_keras = gesture("forecast", "runs/first", "series.csv", "--json", cwd=work)
    assert by_keras.json["by"] == "the float network, not converted yet"
    converted = gesture("convert", "runs/first", "--json", cwd=work)
    run = RunFolder(work / "runs" / "first")
    held = HeldOutSeries.load(run.series_file).dataset.rows
    said = {"float": by_keras.json, "converted": converted.json, **trained.json}
    return Done(run, said, held)


def test_the_twin_forecasts_what_the_integers_of_the_contract_say(done: Done) -> None:
    said = Twin(done.run.sources, done.run.build).forecast(done.held)
    np.testing.assert_array_equal(said, reference_forecasts(done.run, done.held))


def test_int8_is_close_to_the_float_network(done: Done) -> None:
    by_float, by_int8 = done.trained["float"], forecast_of(done)
    for one, other in zip(by_float["forecasts"], by_int8["forecasts"], strict=True):
        assert {**one, "value": 0} == {**other, "value": 0}
        assert abs(one["value"] - other["value"]) < 1.0
    assert [each["steps"] for each in by_int8["forecasts"]] == [1, 6, 1, 6]
    assert by_int8["last_time"] == "2020-02-29 23:00:00"
    assert by_int8["forecasts"][1]["time"] == "2020-03-01 05:00:00"


def words_for(done: Done) -> tuple[str, ...]:
    return str(done.run.path), "../../series.csv", "--json"


def forecast_of(done: Done) -> dict[str, Any]:
    said = gesture("forecast", *words_for(done), cwd=done.run.path)
    assert said.json["by"] == "the firmware's C on this computer"
    found: dict[str, Any] = said.json
    return found


def test_the_report_has_the_errors_beside_those_of_guessing(done: Done) -> None:
    page = done.run.report_file.read_text("utf-8")
    assert "last value" in page
    assert "a season ago" in page
    assert page.count("<svg") >= 2 + 4 + 1
    assert "the board&#39;s own C" in page or "the board's own C" in page


# What does not look at the network is asked of one: the first, so that each is trained once only.
any_network = pytest.mark.parametrize("done", list(NETWORKS)[:1], indirect=True)


@any_network
@pytest.mark.usefixtures("qemu")
def test_a_board_says_what_the_twin_says(done: Done) -> None:
    deployed = gesture("deploy", done.run.path, "--board", "virtual", "--json", cwd=done.run.path)
    rows = done.held[: done.run.contract().window + 20]
    expected = Twin(done.run.sources, done.run.build).forecast(rows)
    image = Path(deployed.json["image"]["path"])
    with start("virtual", image, fast=True) as board:
        with open_port(board.port) as port:
            client = BoardClient(port)
            client.wait_ready()
            said = [client.observe(row) for row in rows.tolist()]
            for command, fault in REFUSED.items():
                with refuses(what=fault):
                    client.command(command)
        asked = gesture("forecast", *words_for(done), "--port", board.port, cwd=done.run.path)
    assert [len(forecasts) for forecasts in said] == [0] * 23 + [1] * 21
    np.testing.assert_array_equal([each[0] for each in said[23:]], expected)
    assert asked.json["forecasts"] == forecast_of(done)["forecasts"]


@any_network
def test_its_c_can_be_generated_again(done: Done, tmp_path: Path) -> None:
    """A stranger's run is taken at nobody's word; test_reproducing.py builds its image again."""
    stranger = RunFolder(shutil.copytree(done.run.path, tmp_path / "stranger"))
    require_generated(stranger)
    assert (stranger.build / KNOWN).is_file()
    with next(stranger.sources.glob("*.c")).open("a") as source:
        source.write("\n")
    with refuses(Path(source.name).name, ExitCode.MISMATCH):
        require_generated(stranger)


@any_network
@pytest.mark.parametrize("file", ["series.npz", "scores.npz"])
def test_a_damaged_run_is_reported(done: Done, tmp_path: Path, file: str) -> None:
    shutil.copytree(done.run.path, tmp_path / "run")
    with (tmp_path / "run" / file).open("r+b") as kept:
        kept.truncate(300)
    note_all(tmp_path / "run")
    ended = gesture("report", "run", cwd=tmp_path, code=ExitCode.MISMATCH)
    assert f"{file} cannot be read" in ended.said


@any_network
def test_other_tasks_commands_are_refused_by_name(done: Done) -> None:
    for command in (("replay", "x.csv"), ("evaluate",), ("export", "there")):
        word, *more = command
        refused = gesture(word, done.run.path, *more, cwd=done.run.path, code=ExitCode.USAGE)
        assert f"is a run for forecast, and `gesture {word}` needs one for gesture" in refused.said


@any_network
def test_a_series_shorter_than_a_window_is_refused(done: Done, tmp_path: Path) -> None:
    lines = (done.run.path.parent.parent / "series.csv").read_text("utf-8").splitlines()
    (tmp_path / "short.csv").write_text("\n".join(lines[:21]) + "\n", "utf-8")
    refused = gesture("forecast", done.run.path, "short.csv", cwd=tmp_path, code=ExitCode.USAGE)
    assert "short.csv has 20 rows, and the run needs 24." in refused.said


@any_network
def test_another_period_is_refused(done: Done, tmp_path: Path) -> None:
    lines = (done.run.path.parent.parent / "series.csv").read_text("utf-8").splitlines()
    (tmp_path / "half.csv").write_text("\n".join([lines[0], *lines[1::2]]) + "\n", "utf-8")
    refused = gesture("forecast", done.run.path, "half.csv", cwd=tmp_path, code=ExitCode.MISMATCH)
    assert "has a row every 2 h, the run was trained on one every 1 h" in refused.said
