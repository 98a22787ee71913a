"""A gesture is where the hand moves, however long the quiet is that was recorded with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.artifacts import Interval, Recording
from pipeline.datasets.synthetic_negatives import trim_to_motion
from pipeline.datasets.windows import make_dataset
from tests.takes import config, take

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


def test_either_kind_of_sensor_tells_a_motion() -> None:
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
