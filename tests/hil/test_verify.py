"""A board proves what it runs, and gives back the last seconds that it keeps."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from pipeline.boards.supervisor import start
from pipeline.capture.client import BoardClient
from pipeline.capture.feedback import pull_samples
from pipeline.capture.link_statistics import watch
from pipeline.capture.ports import open_port
from pipeline.capture.protocol import event_of
from pipeline.capture.requests import injecting, send
from pipeline.core.artifacts import Event, GoldenVectors
from pipeline.core.contract import Contract
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.project import PROJECT
from pipeline.deployment.platformio import build_firmware
from pipeline.deployment.verify import verify_board
from pipeline.twin.library import Twin
from tests.hil.conftest import until_stopped
from tests.refusals import refuses
from tests.tiny_model import CONTRACT, SELFTEST_CRC, WINDOW, network_output, swings, write_sources

BUILD_TIMEOUT_S = 300.0
CONTRACT_HASH = CONTRACT.hash()


@pytest.fixture(scope="module")
def golden() -> GoldenVectors:
    inputs = np.random.default_rng(6).integers(-128, 128, (12, WINDOW * 6)).astype(np.int8)
    return GoldenVectors(inputs, np.array([network_output(row) for row in inputs]))


def test_the_right_board_is_verified(bench, golden):
    seen: list[int] = []
    with bench.client(fast=True) as client:
        verified = verify_board(client, CONTRACT, golden, 10, seen.append)
    assert verified.contract_hash == CONTRACT.hash()
    assert int(verified.selftest_crc, 16) == SELFTEST_CRC
    assert (verified.vectors, seen) == (10, list(range(1, 11)))
    assert verified.ticks_per_inference > 0
    assert verified.tick_hz > 0


CONSTANTS = {
    "labels": {"labels": ("idle", "down", "up")},
    "smoothing_windows": {"smoothing_windows": 3},
    "background": {"background": None},
    "release_sum": {"release": 0.4},
    "refractory_us": {"refractory_s": 0.3},
    "fire_sums": {"thresholds": (1.0, 0.8, 0.7)},
    "shift": {"std": (1e-4,) * 6},
    "scales": {"mean": (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)},
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_labels_and_constants_are_read_back_from_the_board(bench_of, golden, name, monkeypatch):
    """As of a board whose image says the contract's hash, and was built of other C."""
    changed = CONSTANTS[name]
    parts = {
        part: getattr(CONTRACT, part).model_copy(
            update={key: value for key, value in changed.items() if key != "labels"}
        )
        for part in ("scaling", "decision")
    }
    other = CONTRACT.model_copy(update={**parts, **({} if name != "labels" else changed)})
    assert other != CONTRACT
    monkeypatch.setattr(Contract, "hash", lambda _: CONTRACT_HASH)
    with bench_of("native", True).client() as client, pytest.raises(PipelineError) as caught:
        verify_board(client, other, golden, 10)
    assert caught.value.what.startswith(f"The board's {name} is ")
    assert caught.value.exit_code == ExitCode.MISMATCH


@pytest.mark.parametrize(("kept", "wanted"), [(0, 10), (12, 0)])
def test_no_vectors_prove_nothing(bench_of, golden, kept, wanted):
    emptied = GoldenVectors(golden.inputs[:kept], golden.outputs[:kept])
    with bench_of("native", True).client() as client, pytest.raises(PipelineError) as caught:
        verify_board(client, CONTRACT, emptied, wanted)
    assert "without a vector nothing can be proven" in caught.value.why
    assert caught.value.exit_code == ExitCode.MISMATCH


def test_another_contract_is_found_and_both_are_named(bench, golden):
    other = CONTRACT.model_copy(update={"hop": 6})
    with bench.client() as client, pytest.raises(PipelineError) as caught:
        verify_board(client, other, golden, 10)
    assert caught.value.exit_code == ExitCode.MISMATCH
    assert CONTRACT.hash() in caught.value.what
    assert other.hash() in caught.value.what


def test_a_board_without_a_model_is_another_contract(bare_bench, golden):
    with bare_bench.client() as client, refuses(code=ExitCode.MISMATCH):
        verify_board(client, CONTRACT, golden, 10)


def test_one_wrong_byte_is_found_and_named(bench, golden):
    outputs = golden.outputs.copy()
    outputs[7, 1] ^= 1
    with bench.client() as client, refuses("vector 7", ExitCode.MISMATCH, what="byte 1 is"):
        verify_board(client, CONTRACT, GoldenVectors(golden.inputs, outputs), 10)


@pytest.mark.usefixtures("host_compiler")
def test_a_network_that_computes_something_else_fails_the_selftest(tmp_path, golden):
    sources = write_sources(tmp_path / "model", selftest_crc=SELFTEST_CRC ^ 1)
    image = build_firmware("native", sources, PROJECT, tmp_path / "build.log", BUILD_TIMEOUT_S).path
    with start("native", image) as board, open_port(board.port) as port:
        client = BoardClient(port)
        client.wait_ready()
        with pytest.raises(PipelineError, match="self-test failed") as caught:
            verify_board(client, CONTRACT, golden, 10)
    assert caught.value.exit_code == ExitCode.MISMATCH


KEPT = 1024
LEAST_KEPT = 700  # of the noisiest motion
LIMIT_S = 300.0


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Twin:
    folder = tmp_path_factory.mktemp("twin")
    return Twin(write_sources(folder / "sources"), folder)


def events_of(client: BoardClient) -> list[Event]:
    events = (event_of(message) for message in client.take_pending("event"))
    return [event for event in events if event is not None]


@pytest.mark.parametrize("seconds", [0.5, 30.0])
def test_the_last_seconds_are_those_the_sensor_gave(bench, seconds):
    recording = swings(seconds, start_us=2**33)
    with bench.client(recording, fast=True) as client:
        until_stopped(client)
        pulled = pull_samples(client)
    kept = len(pulled)
    assert min(len(recording), LEAST_KEPT) <= kept <= min(len(recording), KEPT)
    assert [sample.seq for sample in pulled] == recording.seq[-kept:].tolist()
    assert [sample.t_us for sample in pulled] == recording.t_us[-kept:].tolist()
    assert np.array_equal([sample.values for sample in pulled], recording.thousandths[-kept:])


def test_pulling_while_the_board_runs_disturbs_nothing(bench):
    with bench.client(swings(4)) as client:
        client.switch("stream", True)
        list(islice(client.items(LIMIT_S), 150))
        before = pull_samples(client)
        after = pull_samples(client)
        info = client.info()
    assert [s.seq for s in before] == list(range(before[0].seq, before[-1].seq + 1))
    assert after[0].seq == 0
    assert len(after) >= len(before) > 100
    assert (info.overruns, info.dropped) == (0, 0)


def test_a_board_whose_sensor_gave_nothing_has_kept_nothing(bench):
    with bench.client() as client:
        assert pull_samples(client) == []


def test_injected_samples_are_called_as_the_sensors_are(bench, twin):
    recording = swings(12, start_us=77)
    expected = twin.replay(recording).events
    with bench.client(swings(3, seed=2)) as client:
        with injecting(client, recording.rate_hz):
            client.take_pending("event")
            for _ in range(2):
                client.command(f"inject {round(recording.rate_hz * 1000)}")
                send(client, recording)
                assert events_of(client) == expected
            pulled = [s.t_us for s in pull_samples(client)]
            assert pulled == recording.t_us[-len(pulled) :].tolist()
            assert len(pulled) >= LEAST_KEPT
        assert pull_samples(client)[:1] != recording.t_us[:1].tolist()


def test_samples_at_a_wrong_rate_are_reported_and_not_called(bench):
    recording = swings(4)
    slow = replace(recording, t_us=2 * recording.t_us)
    with bench.client() as client, injecting(client, CONTRACT.rate_hz / 2):
        send(client, slow)
        (warning,) = client.take_pending("warn")[-1:]
        assert warning.words[0] == "rate-off"
        assert client.take_pending("event") == []


def test_a_sample_that_nobody_announced_is_refused(bench):
    with bench.client() as client:
        with pytest.raises(PipelineError, match="not-injecting"):
            client.command("sample " + "00" * 32)
        with injecting(client, CONTRACT.rate_hz):
            client.command("sample " + "00" * 32)
            client.reboot()
            with pytest.raises(PipelineError, match="not-injecting"):
                client.command("sample " + "00" * 32)


def test_who_watches_is_shown_the_sensor_again_afterwards(bench_of):
    with bench_of("native", True).client(swings(30)) as client:
        with injecting(client, CONTRACT.rate_hz):
            pass
        shown = watch(client, CONTRACT.labels, LIMIT_S)
        assert next(seen for seen in shown if seen.event).event is not None
