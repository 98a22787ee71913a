"""Takes whose every sample is known, for tests of what is made of them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.config.gesture_settings import GestureConfig
from pipeline.core.artifacts import IMU_CHANNELS, Recording
from pipeline.datasets.recordings import save_recording

RATE_HZ = 119.0


def take(
    label: str,
    number: int = 1,
    person: str = "anna",
    session: str = "1",
    n: int = 60,
    rate_hz: float = RATE_HZ,
) -> Recording:
    """A smooth swing that ends in the midst of it, with the board held some way up."""
    name = f"{label}/{person}-{session}-{number:03d}"
    random = np.random.default_rng(zlib.crc32(name.encode()))
    way_up = random.normal(size=3)
    way_up /= np.linalg.norm(way_up)
    phase = np.linspace(0, 2.5, n)[:, None] + random.uniform(0, 3, 6)
    samples = np.sin(phase) * [0.8, 0.8, 0.8, 150, 150, 150]
    samples[:, :3] += way_up
    return Recording(
        samples=(np.rint(samples * 1000) / 1000).astype(np.float32),
        seq=np.arange(n, dtype=np.int64) + 1000,
        t_us=5_000_000 + np.rint(np.arange(n) * 1e6 / rate_hz).astype(np.int64),
        rate_hz=rate_hz,
        label=label,
        person=person,
        session=session,
        channels=IMU_CHANNELS,
        name=name,
    )


def takes(
    labels: Sequence[str],
    people: Sequence[str] = ("anna",),
    sessions: int = 1,
    each: int = 5,
    n: int = 60,
) -> list[Recording]:
    """`each` takes of every label by every person in every session."""
    return [
        take(label, number, person, str(session), n)
        for label in labels
        for person in people
        for session in range(1, sessions + 1)
        for number in range(1, each + 1)
    ]


def config(**sections: dict[str, Any]) -> GestureConfig:
    """Windows of 40 samples, a hop of 8, one pass; `sections` change that."""
    base: dict[str, dict[str, Any]] = {
        "data": {"path": Path("data/mine")},
        "window": {"length": 40, "hop": 8},
        "augment": {"passes": 1},
    }
    for name, values in sections.items():
        base[name] = {**base.get(name, {}), **values}
    return GestureConfig.model_validate(base)


def save_all(folder: Path, recordings: list[Recording]) -> Path:
    for recording in recordings:
        save_recording(recording, folder / f"{recording.name}.csv")
    return folder
