"""The background's score of a rocket network is set by everyday motion of people left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import Float64
from pipeline.training.rocket_background import MOVING, Stretches, background_shift
from tests.takes import config

APART = 16  # samples at 119 Hz: 10,000 windows are 22 minutes
QUIET = -6.0  # of a gesture, less than the background


def everyday(seed: int, loud: float, count: int, total: int = 40) -> Stretches:
    """Quiet recordings; in `count` of them a gesture is nearly as likely for three seconds."""
    random = np.random.default_rng(seed)
    recordings: list[Float64] = []
    for number in range(total):
        logits = np.zeros((250, 3))
        logits[:, :2] = QUIET + 0.1 * random.normal(size=(250, 2))
        if number < count:
            logits[115:140, 0] = loud
        recordings.append(logits)
    return Stretches(recordings, APART)


NO_REST = Stretches([], 0)


def settings(limit: float = 1.0, **more: object) -> GestureConfig:
    return config(decision={"false_alarms_per_hour": limit}, **more)


def allowed(limit: float) -> int:
    return int(limit / MOVING * 40 * 250 * APART / 119 / 3600)


def test_the_more_alike_everyday_motion_is_the_higher_the_background_stays() -> None:
    few = allowed(1.0)
    shifts = [
        background_shift(everyday(1, loud, few + 1), NO_REST, settings())
        for loud in (-1.0, -2.0, -3.0, QUIET)
    ]
    assert shifts == sorted(shifts, reverse=True)
    assert shifts[0] == pytest.approx(-1.0, abs=1.0)
    assert shifts[3] < QUIET + 1.5
    assert background_shift(everyday(1, 1.0, few + 1), NO_REST, settings()) == 0.0


def test_as_many_calls_as_the_limit_allows_do_not_count() -> None:
    few = allowed(1.0)
    assert few >= 1
    just, too_many = (
        background_shift(everyday(2, -1.0, count), NO_REST, settings()) for count in (few, few + 1)
    )
    assert just < QUIET + 1.5
    assert too_many > just + 2
    more = background_shift(everyday(2, -1.0, few + 1), NO_REST, settings(limit=2.0))
    assert more == just


def test_a_few_minutes_of_everyday_motion_change_nothing() -> None:
    assert background_shift(everyday(3, QUIET, 0, 10), NO_REST, settings()) == 0.0


def test_rest_that_is_like_a_gesture_keeps_the_background_high() -> None:
    moving, still, alike = everyday(4, QUIET, 0), everyday(5, QUIET, 0), everyday(5, -1.0, 10)
    calm = background_shift(moving, still, settings())
    assert calm == background_shift(moving, NO_REST, settings())
    assert background_shift(moving, alike, settings()) > calm + 2


def test_rest_alone_changes_nothing() -> None:
    assert background_shift(NO_REST, everyday(6, QUIET, 0), settings()) == 0.0


def test_everyday_motion_is_in_place_of_pieces_of_gestures_unless_they_are_asked_for(
    tmp_path: Path,
) -> None:
    data = {"path": tmp_path / "mine"}
    daily = {**data, "everyday": tmp_path / "life"}
    assert config(data=data).unknown.share == 1.0
    assert config(data=daily).unknown.share == 0.0
    assert config(data=daily, unknown={"share": 0.5}).unknown.share == 0.5
