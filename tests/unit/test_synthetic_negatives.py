"""Streams: joined takes, rest, and pieces of gestures that belong together nowhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.artifacts import Float32, Interval, Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.streams import EDGE_S, join_takes
from pipeline.datasets.synthetic_negatives import (
    BOUT_S,
    PIECE_SHARE,
    REST_S,
    UNKNOWN,
    synthetic_negatives,
    synthetic_rest,
)
from pipeline.datasets.windows import make_dataset
from tests.takes import RATE_HZ, config, take, takes

TAKES = takes(("flex", "punch"), each=5, n=119)
SECONDS = 300.0


def numbered(start: int, n: int, intervals: tuple[Interval, ...]) -> Recording:
    """A continuous recording whose gx says which sample it is."""
    recording = take("wave", start, n=n)
    samples = recording.samples.copy()
    samples[:, 3] = start + np.arange(n)
    return replace(recording, samples=samples, intervals=intervals)


CONTINUOUS = [
    numbered(0, 1000, (Interval(200, 300, "wave"), Interval(600, 700, "wave"))),
    numbered(2000, 1000, (Interval(100, 200, "wave"), Interval(500, 600, "idle"))),
]
GESTURES = {*range(200, 300), *range(600, 700), *range(2100, 2200)}


def test_a_stream_is_as_long_as_asked_for_without_a_gap_and_the_same_again() -> None:
    for recordings in (TAKES, CONTINUOUS):
        stream = synthetic_negatives(recordings, "idle", SECONDS, seed=3)
        assert 0.8 * SECONDS < len(stream) / RATE_HZ < 1.2 * SECONDS
        assert np.array_equal(stream.seq, np.arange(len(stream)))
        again = synthetic_negatives(recordings, "idle", SECONDS, seed=3)
        assert np.array_equal(stream.samples, again.samples)
        other = synthetic_negatives(recordings, "idle", SECONDS, seed=4)
        assert not np.array_equal(stream.samples[:1000], other.samples[:1000])


def test_bouts_and_rests_take_turns() -> None:
    for recordings in (TAKES, CONTINUOUS):
        stream = synthetic_negatives(recordings, "idle", SECONDS, seed=1)
        ends = 0
        for interval in stream.intervals:
            assert interval.label == UNKNOWN
            assert REST_S[0] <= (interval.start - ends) / RATE_HZ + 0.01
            longest_piece = 119 * PIECE_SHARE[1]
            limit = BOUT_S[1] * RATE_HZ + longest_piece
            assert BOUT_S[0] * RATE_HZ - 1 <= interval.stop - interval.start <= limit
            ends = interval.stop


def test_no_piece_is_long_enough_to_be_the_gesture() -> None:
    """Runs of consecutive numbers, forwards or backwards, are pieces of one gesture."""
    stream = synthetic_negatives(CONTINUOUS, "idle", 600.0, seed=1)
    longest, backwards = 0, 0
    for interval in stream.intervals:
        numbers = np.rint(stream.samples[interval.start : interval.stop, 3]).astype(int)
        steps = np.diff(numbers)
        for direction in (1, -1):
            runs = "".join("x" if step == direction else " " for step in steps).split()
            run = max(map(len, runs), default=0) + 1
            longest = max(longest, run)
            backwards += direction == -1 and run > 5
    assert 10 < longest <= 100 * PIECE_SHARE[1] + 1
    assert backwards > 10


def test_recorded_rest_is_rest_and_nothing_else() -> None:
    stream = synthetic_rest(CONTINUOUS, "idle", SECONDS, seed=1)
    assert stream.intervals == ()
    assert 0.8 * SECONDS < len(stream) / RATE_HZ < 1.2 * SECONDS
    settled = np.rint(stream.samples[:, 3]).astype(int)
    steps = np.diff(settled) == 1  # the others are where one rest goes over into the next
    inside = settled[1:][steps]
    deep = [number for number in inside if not {number - 8, number, number + 8} - GESTURES]
    assert deep == []


def test_rest_that_was_never_recorded_is_a_hand_held_still() -> None:
    """Also where motion starts the capture, so that takes begin with all their strength."""
    push = np.array([2, 1, 2, 300, -200, 100], np.float32)
    begun = [replace(one, samples=one.samples + push) for one in TAKES]
    for recordings in (TAKES, begun):
        stream = synthetic_rest(recordings, "idle", SECONDS, seed=1)
        gravity = np.linalg.norm(stream.samples[:, :3], axis=1)
        assert np.abs(gravity - 1).max() < 0.25
        assert np.abs(stream.samples[:, 3:]).max() < 40


def test_without_a_gesture_there_are_no_bouts() -> None:
    for n in (30, 400):  # shorter than a second, and longer
        stream = synthetic_negatives(takes(("idle",), n=n), "idle", 60.0, seed=1)
        assert stream.intervals == ()
        assert len(stream) > 40 * RATE_HZ


def test_training_uses_unknown_motion_as_background_and_is_never_tested_on_it() -> None:
    without = make_dataset(TAKES, config(unknown={"share": 0.0}))
    taught = make_dataset(TAKES, config(unknown={"share": 0.5}))
    idle = taught.labels.index("idle")
    for part in ("train", "validation"):
        (_, before), (inputs, targets) = without.part(part), taught.part(part)
        added = len(targets) - len(before)
        assert added == round(0.5 * len(before))
        assert np.all(targets[len(before) :] == idle)
        assert inputs.shape[1:] == (40, 6)
    assert np.array_equal(without.part("test")[0], taught.part("test")[0])


def test_what_is_made_for_training_is_made_of_training_takes() -> None:
    """Each person's takes have a mark of their own in gz, which blends only pass by."""
    marks = {"anna": 10_000, "ben": 20_000, "cleo": 30_000}
    recordings = [
        replace(one, samples=one.samples + np.array([0, 0, 0, 0, 0, mark], np.float32))
        for person, mark in marks.items()
        for one in takes(("flex", "punch"), (person,), each=4)
    ]
    dataset = make_dataset(recordings, config(split={"by": "person"}, unknown={"share": 2.0}))
    (tested,) = {dataset.groups[i].split("/")[1].split("-")[0] for i in dataset.splits["test"]}
    marked = dataset.part("train")[0][:, :, 5]
    shares = {name: np.mean(np.abs(marked - mark) < 400) for name, mark in marks.items()}
    assert shares.pop(tested) < 0.01
    assert min(shares.values()) > 0.05


def test_motion_recorded_as_no_gesture_is_background() -> None:
    recordings = [*TAKES, *takes(("clap",), each=6, n=119)]
    dataset = make_dataset(recordings, config(unknown={"labels": ["clap"], "share": 0}))
    assert dataset.labels == ("flex", "punch", "idle")
    claps = [i for i, name in enumerate(dataset.groups) if name.startswith("clap/")]
    assert claps
    assert {dataset.labels[dataset.targets[i]] for i in claps} == {"idle"}


RESTS_S = (1.5, 2.5)
JOINED = takes(("flex", "punch"), ("anna", "ben"), each=4, n=90)


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
    stream = join_takes(JOINED, RESTS_S, seed=1)
    np.testing.assert_array_equal(stream.seq, np.arange(len(stream)))
    np.testing.assert_allclose(stream.t_us, stream.seq * 1e6 / RATE_HZ, atol=0.5)
    assert (stream.rate_hz, stream.channels, stream.gaps) == (RATE_HZ, JOINED[0].channels, ())
    assert stream.measured_rate_hz == pytest.approx(RATE_HZ, rel=1e-4)


def test_the_takes_are_where_the_intervals_say_in_order_and_unchanged() -> None:
    stream = join_takes(JOINED, RESTS_S, seed=1)
    assert [i.label for i in stream.intervals] == [recording.label for recording in JOINED]
    for interval, original in zip(stream.intervals, JOINED, strict=True):
        inside = stream.thousandths[interval.start : interval.stop]
        np.testing.assert_array_equal(inside, original.thousandths)


def test_samples_are_what_a_board_can_send() -> None:
    samples = join_takes(JOINED, RESTS_S, seed=1).samples.astype(np.float64) * 1000
    np.testing.assert_allclose(samples, np.rint(samples), atol=0.01)


def test_rests_are_before_between_and_after_as_long_as_asked() -> None:
    stream = join_takes(JOINED, RESTS_S, seed=1)
    starts = [0, *(interval.stop for interval in stream.intervals)]
    stops = [*(interval.start for interval in stream.intervals), len(stream)]
    lengths_s = (np.array(stops) - starts) / RATE_HZ
    assert RESTS_S[0] - 0.01 <= lengths_s.min() < 1.8
    assert 2.2 < lengths_s.max() <= RESTS_S[1] + 0.01


@pytest.mark.parametrize(
    "recordings",
    [
        JOINED,
        [held((0, 0, 1)), held((0, 0, -1)), held((0, 0, -1)), held((1, 0, 0))],
        [held((0, 0, 1)), held((0, 0.02, -0.9998)), held((-0.02, 0, 0.9998))],
    ],
    ids=["swings", "turned over", "turned nearly over"],
)
def test_a_hand_at_rest_feels_1_g_and_hardly_turns(recordings: list[Recording]) -> None:
    for rest in rests(join_takes(recordings, RESTS_S, seed=1)):
        g = np.linalg.norm(rest[:, :3], axis=1)
        assert np.abs(g - 1).max() < 0.25
        assert g.mean() == pytest.approx(1, abs=0.05)
        assert np.abs(rest[:, 3:]).max() < 30
        assert np.abs(rest[:, 3:].mean(axis=0)).max() < 10
        assert rest.std(axis=0).min() > 0.005  # no hand is a vice


def test_a_rest_starts_and_ends_the_way_up_of_its_takes() -> None:
    turned = held((1, 0, 0))
    turned.samples[30:, :3] = (0, 0, 1)
    stream = join_takes([turned, held((0, 1, 0))], RESTS_S, seed=1)
    middle = rests(stream)[1]
    np.testing.assert_allclose(middle[:20, :3].mean(axis=0), [0, 0, 1], atol=0.12)
    np.testing.assert_allclose(middle[-20:, :3].mean(axis=0), [0, 1, 0], atol=0.12)


def test_no_edge_jumps_more_than_the_takes_do() -> None:
    stream = join_takes(JOINED, RESTS_S, seed=1)
    inside = np.max([np.abs(np.diff(t.samples, axis=0)).max(axis=0) for t in JOINED], axis=0)
    steps = np.abs(np.diff(stream.samples, axis=0))
    for interval in stream.intervals:
        for edge in (interval.start - 1, interval.stop - 1):
            assert (steps[edge] <= inside).all()
    assert (steps.max(axis=0) <= np.maximum(3 * inside, [0.2] * 3 + [20] * 3)).all()


def test_the_seed_alone_decides() -> None:
    first = join_takes(JOINED, RESTS_S, seed=1)
    np.testing.assert_array_equal(first.samples, join_takes(JOINED, RESTS_S, seed=1).samples)
    other = join_takes(JOINED, RESTS_S, seed=2)
    assert other.intervals != first.intervals


def test_a_sensor_with_acceleration_only() -> None:
    axes = ("ax", "ay", "az")
    short = [replace(t, samples=t.samples[:, :3], channels=axes) for t in JOINED]
    stream = join_takes(short, RESTS_S, seed=1)
    assert (stream.channels, stream.samples.shape[1]) == (axes, 3)
    assert np.linalg.norm(rests(stream)[1], axis=1).mean() == pytest.approx(1, abs=0.05)


def test_takes_of_another_rate_or_sensor_are_refused() -> None:
    axes = ("ax", "ay", "az")
    sensor = replace(JOINED[0], samples=JOINED[0].samples[:, :3], channels=axes)
    for other in (take("punch", rate_hz=50), sensor):
        with pytest.raises(PipelineError, match="rates or channels differ"):
            join_takes([JOINED[0], other], RESTS_S, seed=1)
    with pytest.raises(PipelineError, match="no takes to join"):
        join_takes([], RESTS_S, seed=1)


def test_a_stream_says_whose_it_is() -> None:
    assert join_takes(JOINED, RESTS_S, seed=1).person == "several"
    assert join_takes(JOINED[:2], RESTS_S, seed=1).person == "anna"
