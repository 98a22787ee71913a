"""The last seconds that a board keeps, and samples that it takes from here."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from pipeline.capture.client import BoardClient
from pipeline.capture.feedback import pull_samples
from pipeline.capture.link_statistics import watch
from pipeline.capture.protocol import event_of
from pipeline.capture.requests import injecting, send
from pipeline.core.artifacts import Event
from pipeline.core.errors import PipelineError
from pipeline.twin.library import Twin
from tests.hil.conftest import until_stopped
from tests.tiny_model import CONTRACT, swings, write_sources

KEPT = 1024
LEAST_KEPT = 700  # of the noisiest motion
LIMIT_S = 60.0


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
    recording = swings(20, start_us=77)
    expected = twin.replay(recording).events
    with bench.client(swings(3, seed=2)) as client:
        with injecting(client, recording.rate_hz):
            client.take_pending("event")
            for _ in range(2):
                send(client, recording)
                assert events_of(client) == expected
                client.command(f"inject {round(recording.rate_hz * 1000)}")
            send(client, recording)
            pulled = [s.t_us for s in pull_samples(client)]
            assert pulled == recording.t_us[-len(pulled) :].tolist()
            assert len(pulled) >= LEAST_KEPT
        assert pull_samples(client)[:1] != recording.t_us[:1].tolist()


def test_samples_at_a_wrong_rate_are_told_and_not_called(bench):
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
