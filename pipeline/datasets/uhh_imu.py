"""The UHH-IMU recordings: `PERSON_GESTURE_fullSet.npz`, ten times one gesture, with rests.

Arrays: `acc` and `gyro` float [n, 3]; `targets` float [n, 3]. Column 0 of the targets is what the
person marked; column 2 is above 0.5 where the energy of the motion shows the gesture (github
ravenshooter/UHH-IMU-gestures). Rate and units are not stated.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Interval, Recording
from pipeline.core.errors import PipelineError
from pipeline.core.files import unzipped
from pipeline.core.unit_names import STANDARD_GRAVITY
from pipeline.datasets.recording_file import Noted, bad_file
from pipeline.datasets.streams import even_clock, runs_of, thousandths_of

NAME = re.compile(r"([A-Za-z0-9]+)_(\d)_fullSet")
RATE_HZ = 50.0  # not stated; Android's rate for games
LABELS = (  # by the number in the file's name, after utils.py of the same repository
    "left",
    "right",
    "forward",
    "backward",
    "bounce-up",
    "bounce-down",
    "turn-left",
    "turn-right",
    "shake-lr",
    "shake-ud",
)
MARKED, MOVING = 0, 2  # columns of targets
ASSUMED = "50 Hz, m/s2 and rad/s are assumed, not stated; gravity was removed"


def read_uhh_imu(folder: Path) -> list[Recording]:
    """All recordings of a folder, one for each archive."""
    return [read_archive(file)[0] for file in sorted(folder.glob("*_fullSet.npz"))]


def read_archive(file: Path) -> tuple[Recording, list[Noted]]:
    """Read an archive, without unpickling: a recording, and notes about what is unusual."""
    label, person = _names_of(file)
    samples, targets = _arrays_of(file)
    moving, marked = (runs_of(targets[:, column] > 0.5) for column in (MOVING, MARKED))
    if not moving:
        raise _another_kind(file, "has targets without any movement")
    seq, t_us = even_clock(len(samples), RATE_HZ)
    recording = Recording(
        samples=samples,
        seq=seq,
        t_us=t_us,
        rate_hz=RATE_HZ,
        label=label,
        person=person,
        board="phone",
        source=f"UHH-IMU-gestures {file.name}; {ASSUMED}",
        intervals=tuple(Interval(start, stop, label) for start, stop in moving),
    )
    return recording, _oddities(file, len(marked), moving, len(samples))


def _names_of(file: Path) -> tuple[str, str]:
    match = NAME.fullmatch(file.stem)
    if match is None:
        raise _another_kind(file, "is not named PERSON_GESTURE_fullSet.npz, GESTURE from 0 to 9")
    return LABELS[int(match[2])], match[1]


def _arrays_of(file: Path) -> tuple[Float32, NDArray[np.floating]]:
    """Samples [n, 6] in g and deg/s, and targets [n, 3]."""
    try:
        with np.load(unzipped(file), allow_pickle=False) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns of files of Python 2
            acc, gyro, targets = (np.asarray(archive[name]) for name in ("acc", "gyro", "targets"))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _another_kind(file, f"holds no acc, gyro and targets: {error}") from None
    fault = _fault(acc, gyro, targets)
    if fault is not None:
        raise _another_kind(file, fault)
    samples = np.concatenate([acc / STANDARD_GRAVITY, np.rad2deg(gyro)], axis=1)  # [n, 6]
    return thousandths_of(samples), targets


def _fault(*arrays: NDArray[np.generic]) -> str | None:
    if any(array.ndim != 2 or array.shape[1] != 3 for array in arrays):
        return "holds acc, gyro and targets that are not three columns each"
    if len({len(array) for array in arrays}) > 1:
        return f"holds acc, gyro and targets of {', '.join(str(len(a)) for a in arrays)} rows"
    if not all(np.issubdtype(a.dtype, np.floating) and np.isfinite(a).all() for a in arrays):
        return "holds values that are no numbers"
    return None


def _oddities(file: Path, marked: int, moving: Sequence[tuple[int, int]], rows: int) -> list[Noted]:
    noted = [Noted(file, None, ASSUMED)]
    if marked != len(moving):
        what = f"its person marked {marked} movements, the motion's energy shows {len(moving)}"
        noted.append(Noted(file, None, what))
    start, stop = moving[-1]
    if stop == rows:
        what = "the last movement lasts to the end of the file: it may be cut off"
        noted.append(Noted(file, start + 1, what))
    return noted


def _another_kind(file: Path, what: str) -> PipelineError:
    return bad_file(
        file,
        what,
        "it is another archive, or is damaged",
        "`gesture data get uhh_imu` fetches the archives that can be read",
    )
