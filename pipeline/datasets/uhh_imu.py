"""The UHH-IMU-gestures dataset as continuous recordings: one gesture ten times, with rests."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts import Interval, Recording
from pipeline.datasets.continuous import even_clock, thousandths_of
from pipeline.datasets.recording_faults import Noted, bad_file
from pipeline.datasets.uhh_archive import MOVING, read_archive, stretches_of

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
ASSUMED = "50 Hz, m/s2 and rad/s are assumed, not stated; gravity was removed"


def read_uhh_imu(folder: Path) -> list[Recording]:
    """A recording a file, its intervals where the gesture runs. Nothing is unpickled."""
    return [_read(file) for file in sorted(folder.glob("*_fullSet.npz"))]


def _read(file: Path) -> Recording:
    person, number, _ = file.stem.split("_")
    label = LABELS[int(number)]
    read = read_archive(file)
    if isinstance(read, Noted):
        raise bad_file(file, None, read.what, "another file has its name", "get the dataset again")
    samples, targets = read
    seq, t_us = even_clock(len(samples), RATE_HZ)
    runs = stretches_of(targets[:, MOVING])
    return Recording(
        samples=thousandths_of(samples),
        seq=seq,
        t_us=t_us,
        rate_hz=RATE_HZ,
        label=label,
        person=person,
        board="phone",
        source=f"UHH-IMU-gestures {file.name}; {ASSUMED}",
        intervals=tuple(Interval(start, stop, label) for start, stop in runs),
    )
