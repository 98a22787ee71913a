"""Texts of known datasets without a header: WISDM, PAMAP2, the magic wand of TFLite Micro."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.table import Table, table_of

LOOKED_AT = 50  # rows
# WISDM (https://www.cis.fordham.edu/wisdm/dataset.php), 20 Hz: person,activity,time,x,y,z;
WISDM = ("person", "activity", "timestamp", "x", "y", "z")
WISDM_RATE_HZ = 20.0
WISDM_TIME = 1e12  # nanoseconds of uptime are more
# PAMAP2 (https://archive.ics.uci.edu/dataset/231), 100 Hz: time, activity, heart rate, then 17
# numbers for each sensor on hand, chest and ankle: temperature, 16 g, 6 g, gyroscope, ...
PAMAP2_WIDTH = 54
PAMAP2_RATE_HZ = 100.0
PAMAP2_HAND = {"acc": (4, 5, 6), "gyro": (10, 11, 12)}
PAMAP2_UNITS = {"acc": "m/s2", "gyro": "rad/s"}
PAMAP2_ACTIVITIES = {
    1: "lying",
    2: "sitting",
    3: "standing",
    4: "walking",
    5: "running",
    6: "cycling",
    7: "nordic_walking",
    9: "watching_tv",
    10: "computer_work",
    11: "car_driving",
    12: "ascending_stairs",
    13: "descending_stairs",
    16: "vacuum_cleaning",
    17: "ironing",
    18: "folding_laundry",
    19: "house_cleaning",
    20: "playing_soccer",
    24: "rope_jumping",
}
# The magic wand of TFLite Micro: takes of x,y,z in mg at 25 Hz, with a line -,-,- before each.
WAND = ("acc x", "acc y", "acc z")
WAND_RATE_HZ = 25.0


def with_known_layout(table: Table) -> Table:
    """The table with the names of its columns, where it is one of a known dataset."""
    if table.columns == ("-", "-", "-"):
        return _named(table, WAND, WAND_RATE_HZ, "the magic wand of TFLite Micro")
    if table.columns or not len(table):
        return table
    known: dict[int, tuple[Callable[[Table], bool], Callable[[Table], Table]]] = {
        len(WISDM): (_is_wisdm, _wisdm),
        PAMAP2_WIDTH: (_is_pamap2, _pamap2),
    }
    is_it, read = known.get(table.width, (None, None))
    return read(table) if is_it is not None and read is not None and is_it(table) else table


def _named(table: Table, columns: tuple[str, ...], rate_hz: float, name: str) -> Table:
    note = Noted(table.place, None, f"read as a file of {name}: {', '.join(columns)}")
    facts = {**table.facts, "rate_hz": rate_hz}
    return replace(table, columns=columns, facts=facts, noted=(*table.noted, note))


def _is_wisdm(table: Table) -> bool:
    numbers = table.numbers(range(len(WISDM)))[:LOOKED_AT]
    person, _, time, *axes = np.isfinite(numbers).mean(axis=0) > 1 / 2
    words = [word for word in table.words(1)[:LOOKED_AT] if word]
    return bool(
        person
        and time
        and all(axes)
        and np.nanmedian(numbers[:, 2]) > WISDM_TIME
        and all(not word[0].isdigit() for word in words)
    )


def _wisdm(table: Table) -> Table:
    return _named(table, WISDM, WISDM_RATE_HZ, "WISDM")


def _is_pamap2(table: Table) -> bool:
    numbers = table.numbers([0, 1])[:LOOKED_AT]
    activities = {0.0, *map(float, PAMAP2_ACTIVITIES)}
    return bool((np.diff(numbers[:, 0]) > 0).all() and set(numbers[:, 1]) <= activities)


def _pamap2(table: Table) -> Table:
    """The sensor on the hand; the activity 0 is what was done between the others."""
    import pandas as pd

    activities = table.numbers([1])[:, 0]
    words = [PAMAP2_ACTIVITIES.get(int(a) if np.isfinite(a) else 0, "") for a in activities]
    frame = pd.DataFrame({"time (s)": table.numbers([0])[:, 0], "activity": words})
    for sensor, places in PAMAP2_HAND.items():
        names = [f"{sensor} {axis} ({PAMAP2_UNITS[sensor]})" for axis in "xyz"]
        frame[names] = table.numbers(places)
    what = "read as a file of PAMAP2: the sensor on the hand; those on chest and ankle are left out"
    facts = {"rate_hz": PAMAP2_RATE_HZ}
    known = table_of(table.place, [str(name) for name in frame], frame, facts)
    noted = (*table.noted, Noted(table.place, None, what))
    return replace(known, noted=noted, lines=table.lines, first_lines=table.first_lines)
