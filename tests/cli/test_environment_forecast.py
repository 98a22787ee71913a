"""A forecast of the environment from the board's own sensors: captured, trained, deployed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.capture.protocol import Message, Sample, reading_of, warning_of
from pipeline.core.artifacts import Int32, Recording
from pipeline.core.run_folder import RunFolder
from pipeline.datasets.environment_series import load_series
from pipeline.twin.library import Twin
from tests.cli.commands import gesture
from tests.fixtures.capturing import image
from tests.fixtures.known_motion import series

pytestmark = [pytest.mark.usefixtures("host_compiler"), pytest.mark.xdist_group("capture-faults")]
WINDOW = 8
CONFIG = {
    "task": "forecast",
    "data": {
        "path": "data/room/1-001.csv",
        "channels": ["humidity", "temperature"],  # not as the board sends them
        "targets": ["temperature"],
    },
    "window": {"length": WINDOW, "horizons": [1, 3], "season": None},
    "model": {"kind": "conv1d", "convolutions": [{"filters": 4, "kernel": 3}], "dropout": 0.0},
    "fit": {"epochs": 1},
}


@dataclass(frozen=True)
class Done:
    run: RunFolder
    image: Path

    def expected(self, played: Recording) -> list[tuple[int, ...]]:
        """What the twin forecasts from these readings, in thousandths."""
        rows: Int32 = played.thousandths[:, [2, 0]]
        said = Twin(self.run.sources, self.run.build).forecast(rows)
        return [tuple(map(int, each)) for each in said]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    work = tmp_path_factory.mktemp("room")
    with start("native", image("native"), environment=series(400), fast=True) as board:
        words = ("--sensor", "environment", "--period", "1", "--dataset", "room")
        gesture("capture", *words, "--port", board.port, cwd=work)
    (work / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    for command in (
        ("train", "config.yaml", "--run", "runs/room"),
        ("convert", "runs/room"),
        ("deploy", "runs/room", "--board", "native", "--json"),
    ):
        ended = gesture(*command, cwd=work)
    return Done(RunFolder(work / "runs" / "room"), Path(ended.json["image"]["path"]))


def forecasts_in(messages: list[Message]) -> list[tuple[int, ...]]:
    lines = [message.words[1:] for message in messages if message.kind == "forecast"]
    return [tuple(round(float(word) * 1000) for word in words) for words in lines]


def heard(client: BoardClient) -> list[Message]:
    """All messages until the series has ended."""
    messages = []
    for item in client.items(300.0):
        if isinstance(item, Message):
            messages.append(item)
            if warning_of(item) == "environment-ended":
                break
    return messages


def test_a_board_forecasts_by_itself_what_the_twin_forecasts(done: Done) -> None:
    played = series(40, without=(20, 21))
    with (
        start("native", done.image, environment=played, fast=True) as board,
        open_port(board.port) as port,
    ):
        messages = heard(BoardClient(port))
    readings = [reading for message in messages if (reading := reading_of(message))]
    assert [reading.seq for reading in readings] == played.seq.tolist()
    before, after = played.seq < 20, played.seq > 21  # a window has no hole
    halves = [_part(played, part) for part in (before, after)]
    assert forecasts_in(messages) == [each for half in halves for each in done.expected(half)]
    times = [int(message.words[0]) for message in messages if message.kind == "forecast"]
    assert set(times) <= {reading.t_us for reading in readings}


@pytest.mark.usefixtures("qemu")
def test_the_virtual_board_forecasts_the_same(done: Done) -> None:
    deployed = gesture("deploy", done.run.path, "--board", "virtual", "--json", cwd=done.run.path)
    played = series(60)
    path = Path(deployed.json["image"]["path"])
    with (
        start("virtual", path, environment=played, fast=True) as board,
        open_port(board.port) as port,
    ):
        messages = heard(BoardClient(port))
    assert forecasts_in(messages) == done.expected(played)


def _part(whole: Recording, kept: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Recording:
    return Recording(
        whole.samples[kept],
        whole.seq[kept],
        whole.t_us[kept],
        whole.rate_hz,
        whole.label,
        whole.person,
        channels=whole.channels,
    )


def test_after_a_capture_it_goes_on_at_its_own_period(done: Done, tmp_path: Path) -> None:
    words = ("--sensor", "environment", "--dataset", "room", "--seconds", "2", "--period", "0.5")
    with start("native", done.image, environment=series(400)) as board:
        gesture("capture", *words, "--port", board.port, cwd=tmp_path)
        with open_port(board.port) as port:
            client = BoardClient(port)
            client.wait_ready()
            assert client.command("environment 0").fields["period_ms"] == "1000"
            list(client.items(0))  # what came before
            first, *later = _next_readings(client, 4)
    for reading in later:  # each within its second, however busy the host is
        since_us = (reading.seq - first.seq) * 1_000_000
        assert abs(reading.t_us - first.t_us - since_us) < 1_000_000
    assert len(load_series(tmp_path / "data" / "room" / "1-001.csv")) == 4


def _next_readings(client: BoardClient, count: int) -> list[Sample]:
    readings: list[Sample] = []
    for item in client.items(300.0):
        reading = reading_of(item) if isinstance(item, Message) else None
        readings += [reading] if reading else []
        if len(readings) == count:
            break
    return readings


def test_rows_of_the_host_are_not_mixed_with_readings(done: Done) -> None:
    played = series(30)
    rows = played.thousandths[:, [2, 0]]
    with (
        start("native", done.image, environment=series(400)) as board,
        open_port(board.port) as port,
    ):
        client = BoardClient(port)
        client.wait_ready()
        said: list[Message] = []
        for place, row in enumerate(rows.tolist()):
            client.command("observe " + " ".join(f"{value / 1000:.3f}" for value in row))
            said += client.take_pending("forecast")
            if place == WINDOW // 2:
                list(client.items(0))  # what came before
                assert _next_readings(client, 1)  # one comes meanwhile
    assert forecasts_in(said) == done.expected(played)
