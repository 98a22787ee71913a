"""What every board answers and streams, over a port that plain pyserial opens."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest

from pipeline.capture.client import BoardClient
from pipeline.capture.link_statistics import watch
from pipeline.capture.ports import open_port
from pipeline.capture.protocol import Damaged, Message, Sample, is_sensor_stopped, network_output_of
from pipeline.core.artifacts import Event
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.twin.library import Twin
from tests.tiny_model import CONTRACT, HOP, RATE_HZ, WINDOW, swings


def test_the_first_line_is_the_banner(bench):
    with bench.terminal() as port:
        line = port.readline().decode()
    assert line.startswith(f"hello board={bench.name} firmware=")
    assert line.endswith(f" contract={CONTRACT.hash()}\n")


def test_info_says_what_is_on_the_board(bench):
    with bench.client(swings(1)) as client:
        info = client.info()
    assert (info.board, info.imu, info.contract) == (bench.name, "emulated", CONTRACT.hash())
    assert (info.rate_hz, info.window, info.hop) == (RATE_HZ, WINDOW, HOP)
    assert (info.channels, info.classes, info.overruns) == (6, 3, 0)
    assert (info.stream_hz, info.nominal_hz, info.pace) == (RATE_HZ, RATE_HZ, "direct")
    assert info.tick_hz > 0


NOT_UNDERSTOOD = {
    b"fly\n": b"err unknown-command\n",
    b"info please\n": b"err bad-argument\n",
    b"stream\n": b"err bad-argument\n",
    b"stream maybe\n": b"err bad-argument\n",
    b"load 0 0g\n": b"err bad-argument\n",
    b"load 0 " + b"00" * 113 + b"\n": b"err out-of-range\n",
    b"load 119 0000\n": b"err out-of-range\n",
    b"load 4294967296 00\n": b"err out-of-range\n",
    b"bench 0\n": b"err out-of-range\n",
    b"bench 101\n": b"err out-of-range\n",
    b"x" * 300 + b"\n": b"err line-too-long\n",
    b"\xff\xfe\x00\n": b"err unknown-command\n",
}


def test_what_a_board_does_not_understand_changes_nothing(bench):
    with bench.terminal() as port:
        port.read_until(b"warn no-sensor\n")
        for sent, answer in NOT_UNDERSTOOD.items():
            port.write(sent)
            assert port.readline() == answer
            port.write(b"labels\r\n")
            assert port.readline() == b"ok idle up down\n"


def test_the_image_is_read_back_from_the_flash(bench):
    content = bench.flash.read_bytes()
    with bench.client() as client:
        for length in (0, 1, 64, 4097, len(content)):
            assert client.image_crc(length) == crc32(content[:length])
        with pytest.raises(PipelineError, match="out-of-range"):
            client.image_crc(2 << 20)


def test_instructions_are_the_same_on_every_run(bench_of):
    counts = []
    for _ in range(2):
        with bench_of("virtual").client(fast=True) as client:
            counts.append(client.bench(10))
    # A tick is two and a half instructions: where in a tick a run begins is not ours to say.
    assert abs(counts[0] - counts[1]) <= 10


def test_a_board_without_a_model_says_so(bare_bench):
    with bare_bench.client() as client:
        assert client.info().contract == "none"
        with pytest.raises(PipelineError, match="no-model"):
            client.selftest()
        with pytest.raises(PipelineError, match="no-model"):
            client.switch("classify", True)


def test_reboot_starts_the_board_again(bench):
    with bench.client(swings(2), fast=True) as client:
        for _ in range(3):
            assert client.reboot().board == bench.name


def test_the_port_can_be_closed_and_opened_again(bench):
    with bench.start() as board:
        for _ in range(3):
            with open_port(board.port) as port:
                assert BoardClient(port).wait_ready().board == bench.name


def test_a_board_that_was_taken_away_is_reported(bench):
    with bench.start() as board, open_port(board.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        board.stop()
        with pytest.raises(PipelineError, match="was lost") as caught:
            client.info()
    assert caught.value.exit_code == ExitCode.NO_BOARD


LIMIT_S = 300.0


def until_stopped(client: BoardClient) -> list[Sample | Message | Damaged]:
    items = []
    for item in client.items(LIMIT_S):
        items.append(item)
        if isinstance(item, Message) and is_sensor_stopped(item):
            return items
    raise AssertionError(f"the sensor did not stop within {LIMIT_S} s")


@pytest.fixture(scope="session")
def twin(tiny_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Twin:
    return Twin(tiny_sources, tmp_path_factory.mktemp("twin"))


def test_samples_are_those_of_the_recording_with_its_times(bench):
    recording = swings(3, start_us=7_000_000_000)
    with bench.client(recording) as client:
        client.switch("stream", True)
        items = until_stopped(client)
    samples = [item for item in items if isinstance(item, Sample)]
    first = samples[0].seq
    assert [sample.seq for sample in samples] == list(range(first, len(recording)))
    assert [sample.t_us for sample in samples] == recording.t_us[first:].tolist()
    assert np.array_equal([s.values for s in samples], recording.thousandths[first:])
    assert items[-1] == Message("warn", ("sensor-stopped", f"samples={len(recording)}"))
    assert not [item for item in items if isinstance(item, Damaged)]


def test_the_rate_is_the_sensors(bench):
    with bench.client(swings(1.5)) as client:
        until_stopped(client)
        assert client.info().measured_hz == pytest.approx(RATE_HZ, rel=0.01)


def test_a_reader_that_is_late_misses_nothing_that_was_said(bench, twin):
    recording = swings(60)
    with bench.terminal(recording, fast=True) as port:
        port.readline()
        time.sleep(0.5)
        said = port.read_until(b"warn sensor-stopped samples=6000\n")
    events = [line for line in said.splitlines() if line.startswith(b"event")]
    assert len(events) == len(twin.replay(recording).events)


def test_events_are_those_of_the_twin(bench, twin):
    recording = swings(40, start_us=123)
    expected = twin.replay(recording).events
    assert [event.label for event in expected[:4]] == ["up", "down", "up", "down"]
    with bench.client(recording, fast=True) as client:
        events: list[Event] = []
        for seen in watch(client, CONTRACT.labels, LIMIT_S):
            if seen.event:
                events.append(seen.event)
            if seen.sensor_stopped:
                break
    assert events == expected


def test_scores_are_those_of_the_twin(bench, twin):
    recording = swings(3)
    with bench.client(recording) as client:
        client.switch("scores", True)
        items = until_stopped(client)
    replay = twin.replay(recording)
    expected = dict(zip(replay.scores_t_us.tolist(), replay.scores.tolist(), strict=True))
    found = [network_output_of(item) for item in items if isinstance(item, Message)]
    scores = {t_us: output.tolist() for t_us, output in filter(None, found)}
    assert scores
    assert scores == {t_us: expected[t_us] for t_us in scores}
    assert sorted(scores) == replay.scores_t_us[-len(scores) :].tolist()


def test_two_replays_say_the_same_bytes(bench):
    said = []
    for _ in range(2):
        with bench.terminal(swings(60, seed=9), fast=True) as port:
            said.append(port.read_until(b"warn sensor-stopped samples=6000\n"))
    assert said[0] == said[1]
    assert said[0].count(b"event") > 20


def test_a_board_without_a_sensor_streams_nothing_and_says_so(bench):
    with bench.terminal() as port:
        assert port.readline().startswith(b"hello")
        assert port.readline() == b"warn no-sensor\n"


def test_who_watches_is_reported_that_the_rate_is_off(bench):
    recording = swings(4)
    slow = replace(recording, t_us=2 * recording.t_us)
    with bench.client(slow, fast=True) as client:
        notes = []
        for seen in watch(client, CONTRACT.labels, LIMIT_S):
            notes.append(seen.note)
            if seen.sensor_stopped:
                break
        assert client.info().pace == "off"
    assert "warn rate-off measured_hz=50.000 wanted_hz=100.000" in notes
