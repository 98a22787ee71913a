"""How long an evaluation will take at most."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.training.fit import Epoch
from pipeline.workflows.evaluate import FoldProgress, duration


def epoch(number: int, of: int) -> Epoch:
    return Epoch(number, of, 0.5, None, None)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_epoch_and_time_left_are_told() -> None:
    told: list[str] = []
    clock = Clock()
    progress = FoldProgress(4, told.append, clock)
    progress.skip()
    progress.begin("lopo, fold 2 of 4")
    clock.now_s = 10.0
    progress.epoch(epoch(5, 10))
    assert told == ["lopo, fold 2 of 4: epoch 5 of at most 10, at most 50 s left"]
    clock.now_s = 20.0
    assert progress.finish() == ", at most 40 s left"
    progress.begin("lopo, fold 3 of 4")
    clock.now_s = 40.0
    assert progress.finish() == ", at most 20 s left"
    progress.begin("lopo, fold 4 of 4")
    assert progress.finish() == ""
    assert progress.done == 4


@given(st.integers(1, 20), st.data())
def test_where_all_folds_take_the_same_the_time_left_is_right(folds: int, data: st.DataObject):
    clock = Clock()
    told: list[str] = []
    progress = FoldProgress(folds, told.append, clock)
    before = data.draw(st.integers(0, folds))
    for _ in range(before):
        progress.skip()
    for fold in range(before, folds):
        progress.begin("")
        for number in range(1, 5):
            clock.now_s += 120
            progress.epoch(epoch(number, 4))
            left_s = 480 * (folds - fold) - 120 * number
            assert told[-1].endswith(f"at most {duration(left_s)} left" if left_s else "most 4")
        progress.finish()
    assert progress.done == folds


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "1 s"), (59.4, "59 s"), (61, "2 min"), (120, "2 min"), (3600, "1 h 0 min")],
)
def test_a_duration_is_told_in_round_figures(seconds: float, told: str) -> None:
    assert duration(seconds) == told
