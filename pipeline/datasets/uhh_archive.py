"""The UHH-IMU recordings: `PERSON_GESTURE_fullSet.npz`, a telephone's sensor and where it moved.

Arrays: `acc`, `gyro` float [n, 3]; `targets` float [n, 3], column 0 what the person marked,
column 2 above 0.5 where the motion's energy says that the gesture runs (github
ravenshooter/UHH-IMU-gestures). Neither rate nor units are stated.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Float32
from pipeline.datasets.recording_faults import Noted
from pipeline.datasets.tutorial_csv import Found, Take

NAME = re.compile(r"([A-Za-z0-9]+)_(\d+)_fullSet")
STANDARD_GRAVITY = 9.80665  # m/s^2 in 1 g
MARKED, MOVING = 0, 2  # columns of targets
LEAST_ROWS = 2
ASSUMED = (
    "states neither rate nor units: taken for --rate-hz, m/s^2 and rad/s; "
    "its acceleration has no gravity in it"
)


def names_of(file: Path) -> tuple[str, str] | None:
    """Label and person, where the file is named as these recordings are."""
    match = NAME.fullmatch(file.stem)
    return (f"gesture{match[2]}", match[1]) if match else None


def read_movements(file: Path) -> Found:
    """A take for each movement; what lies between them is rest."""
    read = read_archive(file)
    if isinstance(read, Noted):
        return Found([], [read], [])
    return _cut(file, *read)


def read_archive(file: Path) -> tuple[Float32, NDArray[np.floating]] | Noted:
    """Samples [n, 6] in g and deg/s and targets [n, 3], or why it is no such archive."""
    try:
        with np.load(file, allow_pickle=False) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy advises to save anew what Python 2 wrote
            acc, gyro, targets = (np.asarray(archive[name]) for name in ("acc", "gyro", "targets"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        return Noted(file, None, f"holds no acc, gyro and targets: {error}")
    fault = _fault(acc, gyro, targets)
    if fault is not None:
        return Noted(file, None, fault)
    samples = np.concatenate([acc / STANDARD_GRAVITY, np.rad2deg(gyro)], axis=1)  # [n, 6]
    return samples.astype(np.float32), targets


def _fault(*arrays: NDArray[np.generic]) -> str | None:
    if any(array.ndim != 2 or array.shape[1] != 3 for array in arrays):
        return "acc, gyro and targets are not three columns each"
    if len({len(array) for array in arrays}) > 1:
        return f"acc, gyro and targets have {', '.join(str(len(a)) for a in arrays)} rows"
    if not all(np.issubdtype(a.dtype, np.floating) and np.isfinite(a).all() for a in arrays):
        return "holds values that are no numbers"
    return None


def _cut(file: Path, samples: Float32, targets: NDArray[np.floating]) -> Found:
    moving, marked = (stretches_of(targets[:, column]) for column in (MOVING, MARKED))
    takes = [
        Take(number, start + 1, samples[start:stop])
        for number, (start, stop) in enumerate(moving, 1)
        if stop - start >= LEAST_ROWS
    ]
    short = [stretch for stretch in moving if stretch[1] - stretch[0] < LEAST_ROWS]
    left_out = [Noted(file, start + 1, "a movement of a single row") for start, _ in short]
    if not moving:
        left_out.append(Noted(file, None, "its targets show no movement"))
    noted = [Noted(file, None, ASSUMED)]
    if len(marked) != len(moving):
        what = f"its person marked {len(marked)} movements, the motion's energy shows {len(moving)}"
        noted.append(Noted(file, None, what))
    if moving and moving[-1][1] == len(samples):
        what = "the last movement goes on to the end of the file: it may be cut off"
        noted.append(Noted(file, moving[-1][0] + 1, what))
    return Found(takes, left_out, noted)


def stretches_of(target: NDArray[np.floating]) -> Sequence[tuple[int, int]]:
    """[start, stop) of each stretch above one half; target: float [n]."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], target > 0.5, [False])).astype(int)))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
