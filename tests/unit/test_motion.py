"""A gesture is where the hand moves: in what is known exactly, and in people's recordings."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.capture.segmentation import (
    AFTER_S,
    BEFORE_S,
    LONGEST_S,
    SHORTEST_S,
    SMOOTH_S,
    MotionDetector,
    Span,
)
from pipeline.core.artifacts import Interval, Recording
from pipeline.core.project import PROJECT
from pipeline.datasets.importers import ImportOptions, import_files
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.streams import join_takes
from pipeline.datasets.synthetic_negatives import trim_to_motion
from pipeline.datasets.windows import make_dataset
from tests.takes import config, take

PERIOD_US = 10_000
REST = (0, 0, 1000, 500, -300, 200)
TURN = (0, 0, 1000, 200_000, 0, 0)
SLOW_TURN = (0, 0, 1000, 45_000, 0, 0)  # between END and BEGIN


def spans_in(*parts: tuple[float, tuple[int, ...]]) -> list[Span]:
    """Of `seconds` of each sample, one after the other, and nothing more."""
    detector, spans, t_us = MotionDetector(), [], 0
    for seconds, values in parts:
        for _ in range(round(seconds * 1e6 / PERIOD_US)):
            spans.append(detector.add(t_us, values))
            t_us += PERIOD_US
    spans.append(detector.finish(t_us - PERIOD_US))
    return [span for span in spans if span is not None]


def test_a_movement_is_found_with_what_came_before_and_a_little_after() -> None:
    (span,) = spans_in((2, REST), (0.5, TURN), (2, REST))
    slack_us = SMOOTH_S * 1e6 + PERIOD_US
    assert span.start_us == pytest.approx((2 - BEFORE_S) * 1e6, abs=slack_us)
    assert span.stop_us == pytest.approx((2.5 + AFTER_S) * 1e6, abs=slack_us)


def test_a_turning_point_does_not_end_it_and_a_slow_hand_does_not_begin_it() -> None:
    assert len(spans_in((1, REST), (0.4, TURN), (0.2, REST), (0.4, TURN), (1, REST))) == 1
    assert spans_in((1, REST), (2, SLOW_TURN), (1, REST)) == []
    assert len(spans_in((1, REST), (0.4, TURN), (1, SLOW_TURN), (0.4, TURN), (1, REST))) == 1


def test_knocks_are_no_movement() -> None:
    assert spans_in((1, REST), (SHORTEST_S / 3, TURN), (1, REST)) == []


def test_what_never_rests_is_cut_once_and_then_has_to_rest() -> None:
    (span,) = spans_in((1, REST), (3 * LONGEST_S, TURN), (0.1, REST))
    assert span.stop_us - span.start_us <= (LONGEST_S + BEFORE_S + 0.1) * 1e6
    assert len(spans_in((1, REST), (3 * LONGEST_S, TURN), (1, REST), (0.5, TURN), (1, REST))) == 2


def test_takes_never_share_a_sample() -> None:
    parts = [(0.4, TURN), (0.45, REST)] * 20
    spans = spans_in((1, REST), *parts)
    assert len(spans) == 20
    for before, after in pairwise(spans):
        assert after.start_us > before.stop_us


def test_a_movement_in_progress_is_kept_at_the_end() -> None:
    (span,) = spans_in((1, REST), (0.4, TURN))
    assert span.stop_us == 1_390_000


def test_three_axes_are_enough() -> None:
    assert len(spans_in((1, REST[:3]), (0.5, (1500, 0, 900)), (1, REST[:3]))) == 1


def found_in(stream: Recording) -> list[Span]:
    detector = MotionDetector()
    rows = zip(stream.t_us.tolist(), stream.thousandths.tolist(), strict=True)
    return [span for t_us, row in rows if (span := detector.add(t_us, tuple(row)))]


def share_found(takes: list[Recording]) -> float:
    """Of takes joined with rests between, those that one span answers; no span may be in a rest."""
    stream = join_takes(takes, (1.5, 2.5), seed=1)
    spans, answered = found_in(stream), 0
    used: set[int] = set()
    for interval in stream.intervals:
        start_us, stop_us = stream.t_us[interval.start], stream.t_us[interval.stop - 1]
        inside = {n for n, s in enumerate(spans) if s.start_us < stop_us and s.stop_us > start_us}
        answered += len(inside) == 1
        used |= inside
    assert len(used) == len(spans), "a rest was taken for a movement"
    return answered / len(stream.intervals)


def test_every_gesture_of_the_sample_data_is_one_movement() -> None:
    takes = load_recordings(PROJECT / "data" / "sample", ("circle", "flex", "punch", "wave"))
    assert share_found(takes) == 1.0


def test_nearly_every_real_gesture_is_one_movement(shared_data: Path, tmp_path: Path) -> None:
    import_files(
        shared_data / "gestures" / "spells",
        tmp_path / "spells",
        ImportOptions(rate_hz=119.0, take_rows=119),
    )
    takes = load_recordings(tmp_path / "spells")
    chosen = np.random.default_rng(1).permutation(len(takes))[:60]
    assert share_found([takes[n] for n in chosen]) >= 0.95


MOVING = slice(10, 34)  # of a take of 120 samples; then the hand is still
STRICT = {"seen": 0.85, "unseen": 0.4}


def quick(number: int, label: str = "punch", shift: int = 0) -> Recording:
    recording = take(label, number, n=120)
    samples = np.tile(np.float32([0, 0, 1, 0, 0, 0]), (120, 1))
    span = slice(MOVING.start + shift, MOVING.stop + shift)
    swing = np.sin(np.linspace(0, 6, 24))
    samples[span] += np.outer(swing, [0.4, -0.3, 0.5, 90, 120, -60]).astype(np.float32)
    return replace(recording, samples=samples)


def narrowed(recording: Recording, share: float) -> list[tuple[int, int]]:
    stream = replace(recording, intervals=(Interval(0, len(recording), recording.label),))
    return [(one.start, one.stop) for one in trim_to_motion(stream, share).intervals]


@pytest.mark.parametrize("shift", [0, 40, 80])
def test_the_quiet_around_a_motion_is_left_out(shift: int) -> None:
    ((start, stop),) = narrowed(quick(1, shift=shift), 0.96)
    assert start == pytest.approx(MOVING.start + shift, abs=3)
    assert stop == pytest.approx(MOVING.stop + shift, abs=3)


def test_either_kind_of_sensor_says_a_motion() -> None:
    for columns in ([0, 1, 2], [3, 4, 5]):
        only = quick(1)
        still = [column for column in range(6) if column not in columns]
        samples = only.samples.copy()
        samples[:, still] = samples[0, still]
        ((start, stop),) = narrowed(replace(only, samples=samples), 0.96)
        assert MOVING.start <= start + 1 < stop <= MOVING.stop + 1


def test_what_never_rests_or_never_moves_stays_whole() -> None:
    whole = [(0, 120)]
    assert narrowed(quick(1), 1) == whole
    still = replace(quick(1), samples=quick(1).samples * 0)
    assert narrowed(still, 0.9) == whole
    swinging = replace(quick(1), samples=np.full((120, 6), 70, np.float32))
    ((start, stop),) = narrowed(swinging, 0.96)
    assert (start, stop) == pytest.approx((2, 118), abs=1)


def test_a_window_that_shows_all_of_a_motion_is_never_called_rest() -> None:
    def moving(samples: np.ndarray) -> np.ndarray:
        return (np.linalg.norm(samples[..., 3:], axis=-1) > 40).sum(axis=-1)

    takes = [quick(number, label) for number in range(1, 6) for label in ("punch", "flex")]
    for share, honest in ((1.0, False), (0.96, True)):
        made = make_dataset(
            takes,
            config(window={"length": 112, "motion": share, **STRICT}, unknown={"share": 0}),
        )
        inputs, targets = made.part("train")
        shown = moving(inputs) == moving(takes[0].samples)
        assert shown.sum() > 10
        assert (targets[shown] != made.labels.index("idle")).all() == honest
