"""Joined takes look to a board like one long recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.artifacts import Float32, Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.streams import EDGE_S, join_takes
from tests.takes import RATE_HZ, take, takes

REST_S = (1.5, 2.5)
TAKES = takes(("flex", "punch"), ("anna", "ben"), each=4, n=90)


def held(way_up: tuple[float, float, float]) -> Recording:
    """A take in which nothing moves."""
    still = take("flex")
    samples = np.zeros_like(still.samples)
    samples[:, :3] = way_up
    return replace(still, samples=samples)


def rests(stream: Recording) -> list[Float32]:
    """What lies between the takes, without the time in which the hand comes to rest."""
    edge = round(EDGE_S * stream.rate_hz)
    starts = [0, *(interval.stop + edge for interval in stream.intervals)]
    stops = [*(interval.start - edge for interval in stream.intervals), len(stream)]
    return [stream.samples[start:stop] for start, stop in zip(starts, stops, strict=True)]


def test_time_runs_on_without_a_gap() -> None:
    stream = join_takes(TAKES, REST_S, seed=1)
    np.testing.assert_array_equal(stream.seq, np.arange(len(stream)))
    np.testing.assert_allclose(stream.t_us, stream.seq * 1e6 / RATE_HZ, atol=0.5)
    assert (stream.rate_hz, stream.channels, stream.gaps) == (RATE_HZ, TAKES[0].channels, ())
    assert stream.measured_rate_hz == pytest.approx(RATE_HZ, rel=1e-4)


def test_the_takes_are_where_the_intervals_say_in_order_and_unchanged() -> None:
    stream = join_takes(TAKES, REST_S, seed=1)
    assert [i.label for i in stream.intervals] == [recording.label for recording in TAKES]
    for interval, original in zip(stream.intervals, TAKES, strict=True):
        inside = stream.thousandths[interval.start : interval.stop]
        np.testing.assert_array_equal(inside, original.thousandths)


def test_samples_are_what_a_board_can_send() -> None:
    samples = join_takes(TAKES, REST_S, seed=1).samples.astype(np.float64) * 1000
    np.testing.assert_allclose(samples, np.rint(samples), atol=0.01)


def test_rests_are_before_between_and_after_as_long_as_asked() -> None:
    stream = join_takes(TAKES, REST_S, seed=1)
    starts = [0, *(interval.stop for interval in stream.intervals)]
    stops = [*(interval.start for interval in stream.intervals), len(stream)]
    lengths_s = (np.array(stops) - starts) / RATE_HZ
    assert REST_S[0] - 0.01 <= lengths_s.min() < 1.8
    assert 2.2 < lengths_s.max() <= REST_S[1] + 0.01


@pytest.mark.parametrize(
    "recordings",
    [
        TAKES,
        [held((0, 0, 1)), held((0, 0, -1)), held((0, 0, -1)), held((1, 0, 0))],
        [held((0, 0, 1)), held((0, 0.02, -0.9998)), held((-0.02, 0, 0.9998))],
    ],
    ids=["swings", "turned over", "turned nearly over"],
)
def test_a_hand_at_rest_feels_1_g_and_hardly_turns(recordings: list[Recording]) -> None:
    for rest in rests(join_takes(recordings, REST_S, seed=1)):
        g = np.linalg.norm(rest[:, :3], axis=1)
        assert np.abs(g - 1).max() < 0.25
        assert g.mean() == pytest.approx(1, abs=0.05)
        assert np.abs(rest[:, 3:]).max() < 30
        assert np.abs(rest[:, 3:].mean(axis=0)).max() < 10
        assert rest.std(axis=0).min() > 0.005  # no hand is a vice


def test_a_rest_starts_and_ends_the_way_up_of_its_takes() -> None:
    turned = held((1, 0, 0))
    turned.samples[30:, :3] = (0, 0, 1)
    stream = join_takes([turned, held((0, 1, 0))], REST_S, seed=1)
    middle = rests(stream)[1]
    np.testing.assert_allclose(middle[:20, :3].mean(axis=0), [0, 0, 1], atol=0.12)
    np.testing.assert_allclose(middle[-20:, :3].mean(axis=0), [0, 1, 0], atol=0.12)


def test_no_edge_jumps_more_than_the_takes_do() -> None:
    stream = join_takes(TAKES, REST_S, seed=1)
    inside = np.max([np.abs(np.diff(t.samples, axis=0)).max(axis=0) for t in TAKES], axis=0)
    steps = np.abs(np.diff(stream.samples, axis=0))
    for interval in stream.intervals:
        for edge in (interval.start - 1, interval.stop - 1):
            assert (steps[edge] <= inside).all()
    assert (steps.max(axis=0) <= np.maximum(3 * inside, [0.2] * 3 + [20] * 3)).all()


def test_the_seed_alone_decides() -> None:
    first = join_takes(TAKES, REST_S, seed=1)
    np.testing.assert_array_equal(first.samples, join_takes(TAKES, REST_S, seed=1).samples)
    other = join_takes(TAKES, REST_S, seed=2)
    assert other.intervals != first.intervals


def test_a_sensor_with_acceleration_only() -> None:
    axes = ("ax", "ay", "az")
    short = [replace(t, samples=t.samples[:, :3], channels=axes) for t in TAKES]
    stream = join_takes(short, REST_S, seed=1)
    assert (stream.channels, stream.samples.shape[1]) == (axes, 3)
    assert np.linalg.norm(rests(stream)[1], axis=1).mean() == pytest.approx(1, abs=0.05)


def test_takes_of_another_rate_or_sensor_are_refused() -> None:
    axes = ("ax", "ay", "az")
    sensor = replace(TAKES[0], samples=TAKES[0].samples[:, :3], channels=axes)
    for other in (take("punch", rate_hz=50), sensor):
        with pytest.raises(PipelineError, match="rates or channels differ"):
            join_takes([TAKES[0], other], REST_S, seed=1)
    with pytest.raises(PipelineError, match="no takes to join"):
        join_takes([], REST_S, seed=1)


def test_a_stream_says_whose_it_is() -> None:
    assert join_takes(TAKES, REST_S, seed=1).person == "several"
    assert join_takes(TAKES[:2], REST_S, seed=1).person == "anna"
