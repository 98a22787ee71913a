"""Where movements begin and end: in what is known exactly, and in people's recordings."""

from __future__ import annotations

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
from pipeline.core.artifacts import Recording
from pipeline.core.project import PROJECT
from pipeline.datasets.importers import import_files
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.streams import join_takes

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
    for take in stream.intervals:
        start_us, stop_us = stream.t_us[take.start], stream.t_us[take.stop - 1]
        inside = {n for n, s in enumerate(spans) if s.start_us < stop_us and s.stop_us > start_us}
        answered += len(inside) == 1
        used |= inside
    assert len(used) == len(spans), "a rest was taken for a movement"
    return answered / len(stream.intervals)


def test_every_gesture_of_the_sample_data_is_one_movement() -> None:
    takes = load_recordings(PROJECT / "data" / "sample", ("circle", "flex", "punch", "wave"))
    assert share_found(takes) == 1.0


def test_nearly_every_real_gesture_is_one_movement(shared_data: Path, tmp_path: Path) -> None:
    import_files(shared_data / "gestures" / "spells", tmp_path / "spells", None, None, 119.0, 119)
    takes = load_recordings(tmp_path / "spells")
    chosen = np.random.default_rng(1).permutation(len(takes))[:60]
    assert share_found([takes[n] for n in chosen]) >= 0.95
