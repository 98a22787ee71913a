"""What every board answers, over a port that plain pyserial opens."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest

from pipeline.capture.client import BoardClient
from pipeline.capture.ports import open_port
from pipeline.core.errors import ExitCode, PipelineError
from tests.tiny_model import CONTRACT, HOP, RATE_HZ, SELFTEST_CRC, WINDOW, network_output, swings


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


def test_labels_are_those_of_the_contract(bench):
    with bench.client() as client:
        assert client.labels() == CONTRACT.labels


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"fly\n", b"err unknown-command\n"),
        (b"info please\n", b"err bad-argument\n"),
        (b"stream\n", b"err bad-argument\n"),
        (b"stream maybe\n", b"err bad-argument\n"),
        (b"load 0 0g\n", b"err bad-argument\n"),
        (b"load 0 " + b"00" * 113 + b"\n", b"err out-of-range\n"),
        (b"load 119 0000\n", b"err out-of-range\n"),
        (b"load 4294967296 00\n", b"err out-of-range\n"),
        (b"bench 0\n", b"err out-of-range\n"),
        (b"bench 101\n", b"err out-of-range\n"),
        (b"x" * 300 + b"\n", b"err line-too-long\n"),
        (b"\xff\xfe\x00\n", b"err unknown-command\n"),
    ],
)
def test_what_a_board_does_not_understand_changes_nothing(bench, sent, answer):
    with bench.terminal() as port:
        port.read_until(b"warn no-sensor\n")
        port.write(sent)
        assert port.readline() == answer
        port.write(b"labels\r\n")
        assert port.readline() == b"ok idle up down\n"


def test_the_network_on_the_board_is_the_one_of_the_model(bench):
    inputs = np.random.default_rng(5).integers(-128, 128, (8, WINDOW * 6)).astype(np.int8)
    with bench.client() as client:
        for network_input in inputs:
            assert np.array_equal(client.run_vector(network_input), network_output(network_input))


def test_the_image_is_read_back_from_the_flash(bench):
    content = bench.flash.read_bytes()
    with bench.client() as client:
        for length in (0, 1, 64, 4097, len(content)):
            assert client.image_crc(length) == crc32(content[:length])
        with pytest.raises(PipelineError, match="out-of-range"):
            client.image_crc(2 << 20)


def test_selftest_and_bench(bench):
    with bench.client() as client:
        assert int(client.selftest(), 16) == SELFTEST_CRC
        assert client.bench(20) > 0


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


def test_a_board_that_was_taken_away_is_told(bench):
    with bench.start() as board, open_port(board.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        board.stop()
        with pytest.raises(PipelineError, match="was lost") as caught:
            client.info()
    assert caught.value.exit_code == ExitCode.NO_BOARD
