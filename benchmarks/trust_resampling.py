"""What the firmware's resampler lets through that is not there, and how exact the rest is."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.results_file import record, row
from tests.fixtures.rate_lock import REACH, Hold, build_rate_lock, level_db, motion, sensor

COMMAND = "python -m benchmarks.trust_resampling"
WANTED_HZ = (25.0, 50.0, 62.5, 104.0, 119.0)
SHARES = (0.85, 0.9, 0.97, 1.05, 1.144, 1.4, 1.68, 2.0, 3.0, 4.0, 8.4)  # of it, the sensor's rate
TIMES = 9  # frequencies a rate
SECONDS = 8.0


def main() -> None:
    """Record both figures: each the worst of all rates and frequencies."""
    with tempfile.TemporaryDirectory() as folder:
        hold = build_rate_lock(Path(folder))
        rejected_db = -max(_aliases_db(hold))
        accurate_db = -max(_errors_db(hold))
    note = (
        f"worst of {len(WANTED_HZ)} rates and sensors at {SHARES[0]} to {SHARES[-1]} times each, "
        f"{TIMES} frequencies, worst channel"
    )
    record(
        "trust",
        [
            row("alias rejection", round(rejected_db, 1), "dB", COMMAND, note, ">= 40"),
            row(
                "accuracy up to a third of the new rate",
                round(accurate_db, 1),
                "dB",
                COMMAND,
                note,
                ">= 50",
            ),
        ],
    )
    print(f"aliases {rejected_db:.1f} dB down, errors {accurate_db:.1f} dB")


def _aliases_db(hold: Hold) -> Iterator[float]:
    """Of motion from half the new rate to half the sensor's."""
    for wanted_hz in WANTED_HZ:
        for sensor_hz in (wanted_hz * share for share in SHARES if share > 1):
            for hz in np.linspace(wanted_hz / 2, sensor_hz / 2, TIMES):
                held = hold(sensor_hz, wanted_hz, sensor(sensor_hz, SECONDS, hz))
                yield level_db(held.rows[2 * REACH :, 2:])


def _errors_db(hold: Hold) -> Iterator[float]:
    """Of motion up to a third of the new rate."""
    for wanted_hz in WANTED_HZ:
        for share in SHARES:
            for hz in np.linspace(0.5, wanted_hz / 3, TIMES):
                held = hold(wanted_hz * share, wanted_hz, sensor(wanted_hz * share, SECONDS, hz))
                truth = motion(held.rows[:, 1] / 1e6, hz)
                yield level_db((held.rows[:, 2:] - truth)[2 * REACH :])


if __name__ == "__main__":
    main()
