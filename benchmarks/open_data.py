"""Open data that is no dataset of the catalogue, as folders of recordings."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.datasets import FETCHED, RECORDINGS, dataset
from pipeline.core.artifacts import IMU_CHANNELS, Float32, Recording
from pipeline.core.locks import draft_beside
from pipeline.datasets.recordings import save_recording

RATE_HZ = 50.0  # of all but geotec
GRAVITY = 9.80665  # m/s2
WRIST_ACTIONS = 21  # of UTD-MHAD; in the others the sensor is on the thigh


def open_dataset(name: str) -> Path:
    """The folder of a dataset, written from the published file unless it is there."""
    folder = FETCHED / name
    if name not in _READERS:
        return dataset(name)
    if not folder.is_dir():
        with draft_beside(folder, "benchmark") as draft:
            for number, recording in enumerate(_READERS[name]()):
                save_recording(recording, draft / recording.label / f"{number:04d}.csv")
            draft.rename(folder)
    return folder


def _waves_flicks() -> Iterator[Recording]:
    """1,100 takes of a second; people are not named."""
    file = RECORDINGS / "gestures" / "waves_flicks" / "gesture_dataset.csv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        table = pd.read_csv(stream)
    for (label, _), take in table.groupby(["label", "sample_id"], sort=True):
        yield _recording(take[list(IMU_CHANNELS)].to_numpy(np.float32), str(label), "unknown")


def _utd() -> Iterator[Recording]:
    """21 actions of the right wrist by eight people."""
    published = np.load(RECORDINGS / "gestures" / "utd_mhad" / "inertial.npz")
    starts, people, actions = (published[name] for name in ("starts", "person", "action"))
    for number, (person, action) in enumerate(zip(people, actions, strict=True)):
        if action <= WRIST_ACTIONS:
            samples = published["samples"][starts[number] : starts[number + 1]]
            yield _recording(samples, f"action{action:02d}", f"person{person}")


def _geotec() -> Iterator[Recording]:
    """A watch on the wrist of 23 people who sit, stand up, walk and turn; at its own clock."""
    published = np.load(RECORDINGS / "motion" / "geotec_watch.npz")
    scale = np.array([1 / 200 / GRAVITY] * 3 + [np.rad2deg(1 / 800)] * 3)
    runs = np.stack([published["person"], published["execution"]], axis=1)
    for person, execution in np.unique(runs, axis=0).tolist():
        rows = np.flatnonzero(np.all(runs == (person, execution), axis=1))
        t_ms = published["t_ms"][rows].astype(np.float64)
        samples = (published["samples"][rows] * scale).astype(np.float32)
        rate_hz = (len(rows) - 1) * 1000 / (t_ms[-1] - t_ms[0])
        yield _recording(samples, "life", f"person{person}", round(rate_hz, 1))


def _recording(samples: Float32, label: str, person: str, rate_hz: float = RATE_HZ) -> Recording:
    return Recording(
        samples=samples,
        seq=np.arange(len(samples), dtype=np.int64),
        t_us=np.rint(np.arange(len(samples)) * 1e6 / rate_hz).astype(np.int64),
        rate_hz=rate_hz,
        label=label,
        person=person,
    )


_READERS: dict[str, Callable[[], Iterator[Recording]]] = {
    "geotec": _geotec,
    "utd": _utd,
    "waves_flicks": _waves_flicks,
}
