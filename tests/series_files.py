"""Series files whose next rows a small network can learn: a day's rhythm, wind, and noise."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np

HEADER = "when,temperature,humidity,wind"
DAY = 24


def rows(days: int, seed: int = 1) -> list[str]:
    """One an hour: time, temperature, humidity, a word for the wind."""
    random = np.random.default_rng(seed)
    hours = np.arange(days * DAY)
    slow = np.cumsum(random.normal(0, 0.2, len(hours)))
    temperature = (
        12 + slow + 6 * np.sin(2 * np.pi * hours / DAY) + random.normal(0, 0.2, len(hours))
    )
    humidity = 60 - 3 * np.roll(temperature, 2)
    begin = datetime.datetime(2020, 1, 1)
    return [
        f"{begin + datetime.timedelta(hours=int(hour))},{temperature[hour]:.2f},"
        f"{humidity[hour]:.1f},{'N' if slow[hour] > 0 else 'S'}"
        for hour in hours
    ]


def write_series(path: Path, days: int = 60, seed: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *rows(days, seed)]) + "\n", "utf-8")
    return path
