"""Two sensors in files of their own, as apps for phones write them, joined on time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float64
from pipeline.core.imu_columns import Role, sensor_of
from pipeline.datasets.importers.columns import Layout
from pipeline.datasets.importers.motion import Motion
from pipeline.datasets.recording_file import Noted

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
LEAST_ROWS = 2
HOLES = 3.0  # in steps: turning is not guessed in longer holes
_OF_SENSORS = {"total", "linear", "user", "uncalibrated", "calibrated", "raw", "sensor", "data"}


def joined(motions: Sequence[Motion], noted: list[Noted]) -> list[Motion]:
    """Join each acceleration with the turning of the same recording, by interpolation.

    Args:
        noted: gets a note for each pair.
    """
    pairs: dict[tuple[PurePath, str], list[Motion]] = {}
    for motion in motions:
        pairs.setdefault(_key(motion), []).append(motion)
    together: list[Motion] = []
    for some in pairs.values():
        accelerations = _of(some, Role.ACCELERATION)
        turnings = _of(some, Role.TURNING)
        rest = [motion for motion in some if motion not in (*accelerations, *turnings)]
        together += rest
        if not accelerations or not turnings:
            together += accelerations + turnings
            continue
        chosen, turning = _best(accelerations), _best(turnings)
        for other in (*accelerations, *turnings):
            if other not in (chosen, turning):
                noted.append(Noted(other.place, None, f"left out: {chosen.place.name} is used"))
        both = _joined(chosen, turning, noted)
        together += [chosen, turning] if both is None else [both]
    return together


def _of(motions: Sequence[Motion], role: Role) -> list[Motion]:
    """Those of one sensor alone, with a clock."""
    return [
        motion
        for motion in motions
        if [sensor.role for sensor in motion.layout.sensors] == [role] and motion.clock is not None
    ]


def _key(motion: Motion) -> tuple[PurePath, str]:
    """The folder and the name without the words of the sensor."""
    words = [word.lower() for word in _WORDS.findall(motion.name.stem)]
    rest = [word for word in words if sensor_of(word) is None and word not in _OF_SENSORS]
    return motion.name.parent, " ".join(rest)


def _best(motions: Sequence[Motion]) -> Motion:
    """With gravity rather than without, and calibrated."""

    def worse(motion: Motion) -> tuple[bool, bool]:
        words = motion.name.stem.lower()
        without = motion.layout.sensors[0].columns[0].without_gravity
        return without or "total" not in words, "uncalibrated" in words

    return min(motions, key=worse)


def _joined(acceleration: Motion, turning: Motion, noted: list[Noted]) -> Motion | None:
    """The turning at the times of the acceleration; None where they were not recorded together."""
    assert acceleration.clock is not None
    assert turning.clock is not None
    t, t_turning = _absolute(acceleration), _absolute(turning)
    usable = np.isfinite(t_turning) & np.isfinite(turning.samples).all(axis=1)
    order = np.argsort(t_turning[usable], kind="stable")
    if usable.sum() < LEAST_ROWS:
        return None
    times, values = t_turning[usable][order], turning.samples[usable][order]
    rows = np.flatnonzero(_between(t, times, HOLES * turning.clock.step_s))
    rows = rows[np.isfinite(acceleration.samples[rows]).all(axis=1)]
    resampled = np.column_stack([np.interp(t[rows], times, column) for column in values.T])
    if len(rows) < LEAST_ROWS:
        return None
    what = f"joined on time with {_other(acceleration, turning)}, by interpolation"
    left = len(t) - len(rows)
    alone = f"; {left} rows without turning beside them are left out" if left else ""
    noted.append(Noted(acceleration.place, None, what + alone))
    layout = _both(acceleration.layout, turning.layout)
    clock = replace(acceleration.clock, seconds=acceleration.clock.seconds[rows])
    return replace(
        acceleration,
        layout=layout,
        channels=(*acceleration.channels, *turning.channels),
        samples=np.hstack([acceleration.samples[rows], resampled]),
        places=(*acceleration.places, *acceleration.places),
        lines=acceleration.lines[rows],
        breaks=np.zeros(0, np.int64),
        ragged={},
        clock=clock,
        words={role: (codes[rows], words) for role, (codes, words) in acceleration.words.items()},
    )


def _between(t: Float64, times: Float64, longest_s: float) -> NDArray[np.bool_]:
    """Which times lie between two others that are near each other: bool [n]."""
    after = np.clip(np.searchsorted(times, t), 1, len(times) - 1)
    between: NDArray[np.bool_] = (t >= times[0]) & (t <= times[-1])
    near: NDArray[np.bool_] = times[after] - times[after - 1] <= longest_s
    near |= times[after] == t
    return between & near


def _other(acceleration: Motion, turning: Motion) -> str:
    same = acceleration.place == turning.place
    return "the turning of its other rows" if same else turning.place.name


def _absolute(motion: Motion) -> Float64:
    """Seconds on the common clock of both files."""
    assert motion.clock is not None
    return motion.clock.seconds + motion.clock.begin_s


def _both(acceleration: Layout, turning: Layout) -> Layout:
    return replace(
        acceleration,
        sensors=(*acceleration.sensors, *turning.sensors),
        others=tuple(dict.fromkeys((*acceleration.others, *turning.others))),
    )
