"""The whole application with a model that forecasts, on the native board with sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import toy_forecast
from tests.firmware.building import link_native
from tests.firmware.talking import (
    LIMIT_S,
    Talk,
    answer_to_constants,
    environment_file,
    start,
)

pytestmark = pytest.mark.usefixtures("host_compiler")
PERIOD_MS = 1000  # the model's
READINGS = [[21_000, 1_013_250, 41_000]] * 8


@pytest.fixture(scope="module")
def forecasting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forecasting")
    model = toy_forecast.write_sources(folder / "model")
    return link_native(folder / "native", model)


@pytest.fixture
def series(tmp_path: Path) -> Path:
    times = [i * PERIOD_MS * 1000 for i in range(len(READINGS))]
    return environment_file(tmp_path / "series", READINGS, times, PERIOD_MS)


def test_it_says_by_which_constants_it_forecasts(forecasting: Path) -> None:
    with start([str(forecasting)]) as board:
        assert board.ask("constants") == answer_to_constants(toy_forecast.CONTRACT)


def rows_known(board: Talk) -> int:
    return int(board.ask("observe 41 21").removeprefix("ok rows="))


@pytest.mark.parametrize("command", ["stream on", "stream off", "classify off", "scores off"])
def test_what_has_nothing_to_do_with_the_window_leaves_it(forecasting: Path, command: str) -> None:
    with start([str(forecasting)]) as board:
        assert rows_known(board) == 1
        assert board.ask(command) == "ok"
        assert rows_known(board) == 2


def test_rows_of_the_host_follow_no_readings_of_another_period(
    forecasting: Path, series: Path
) -> None:
    with start([str(forecasting)], GESTURE_ENVIRONMENT_FILE=str(series)) as board:
        board.until("reading")
        assert board.ask("environment 300") == "ok period_ms=300"
        assert rows_known(board) == 1


def test_rows_of_the_host_follow_no_readings_that_have_ended(
    forecasting: Path, series: Path
) -> None:
    files = {"GESTURE_ENVIRONMENT_FILE": str(series), "GESTURE_FAST": "1"}
    with start([str(forecasting)], **files) as board:
        board.until("warn environment-ended")
        assert rows_known(board) == 1


def played_alone(image: Path, series: Path, sent: str = "") -> str:
    """What a fast board says until it ends by itself, its input having ended."""
    ended = subprocess.run(
        [image],
        input=sent,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={"GESTURE_ENVIRONMENT_FILE": str(series), "GESTURE_FAST": "1"},
    )
    assert ended.returncode == 0
    return ended.stdout


def test_a_fast_board_plays_its_series_to_the_end(forecasting: Path, series: Path) -> None:
    assert "warn environment-ended" in played_alone(forecasting, series)


def test_a_fast_board_does_not_wait_for_a_series_that_is_left(
    sanitized_native: Path, series: Path
) -> None:
    told = played_alone(sanitized_native, series, "environment 1000\nenvironment 0\n")
    assert "ok period_ms=0" in told
