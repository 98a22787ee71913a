"""A day of recordings of 50 people: `python -m benchmarks.scale_day [PART ...]`.

3, 6, 12 and 24 hours, simulated, a table with a column of labels for each person. They are
imported, checked and trained on, each by a command. Measured are its processor time, which other
programs hardly change, and the most memory that it held.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.results_file import Row, load, record, record_parts, row, show
from benchmarks.scale_picture import HOURS, STEPS, name_of
from benchmarks.trust_training import new_folder
from pipeline.core.artifacts import IMU_CHANNELS, IMU_UNITS, Recording
from pipeline.core.errors import ExitCode
from pipeline.datasets.simulate import GESTURES, IDLE, RATE_HZ, make_person, make_take
from pipeline.datasets.streams import join_takes

COMMAND = "python -m benchmarks.scale_day"
PEOPLE = 50
SEED = 1
REST_S = (2.0, 6.0)  # between two gestures of a second each
GB = 1e9
HOUR_S = 3600
COMMANDS = {
    "import": ("data", "import", "files", "--dataset", "day", "--person-from", "name", "--yes"),
    "lint": ("data", "lint", "day"),
    "train": ("train", "gesture_rocket", "--hold-out", "--set", "data.path=data/day"),
}


def main() -> None:
    record_parts("scale", {f"{hours} h": partial(measured, hours) for hours in HOURS})
    rows = in_all(load("scale"))
    record("scale", rows)
    show(rows)


@dataclass(frozen=True)
class Taken:
    """What a command took: processor time, and the most memory."""

    seconds: float
    memory_gb: float


def measured(hours: int) -> list[Row]:
    """All commands on so many hours, in an empty folder."""
    with new_folder() as place:
        takes = sum(_write(place / "files", number, hours) for number in range(1, PEOPLE + 1))
        return [_row(step, hours, takes, _taken(words)) for step, words in COMMANDS.items()]


def _row(step: str, hours: int, takes: int, taken: Taken) -> Row:
    return row(
        name_of(step, hours),
        round(taken.seconds, 1),
        "s",
        f"{COMMAND} '{hours} h'",
        f"{taken.memory_gb:.2f} GB at most; {PEOPLE} people, {takes:,} gestures",
    )


def _write(folder: Path, number: int, hours: int) -> int:
    """The table of a person; returns how many gestures are in it."""
    stream = _stream(number, hours * HOUR_S / PEOPLE)
    labels = np.full(len(stream), IDLE, object)
    for part in stream.intervals:
        labels[part.start : part.stop] = part.label
    table = pd.DataFrame({"t_us": stream.t_us})
    for column, name in enumerate(IMU_CHANNELS):
        table[f"{name} [{IMU_UNITS[name]}]"] = stream.samples[:, column]
    table["label"] = labels
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / f"person{number}.csv", index=False, float_format="%.3f")
    return len(stream.intervals)


def _stream(number: int, seconds: float) -> Recording:
    """Gestures of a person in any order, with rests between them."""
    person, random = make_person(number, SEED), np.random.default_rng([SEED, number])
    count = round(seconds / (1 + sum(REST_S) / 2))
    labels = random.choice(list(GESTURES), count).tolist()
    takes = [make_take(person, label, 1, RATE_HZ, random, SEED) for label in labels]
    return join_takes(takes, REST_S, SEED + number)


def _taken(words: tuple[str, ...]) -> Taken:
    """Of a command of `gesture`, that must succeed; lint may find something."""
    gesture = Path(sys.executable).with_name("gesture")
    process = subprocess.Popen([gesture, *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (ExitCode.DONE, ExitCode.FINDINGS):
        raise RuntimeError(f"gesture {' '.join(words)} ended with {process.returncode}")
    return Taken(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / GB)


def in_all(rows: list[Row]) -> list[Row]:
    """The most memory for a day, and how times grow from the fewest hours to a day."""
    found = {one["name"]: one for one in rows}
    few, day = ({step: found[name_of(step, h)] for step in STEPS} for h in (HOURS[0], HOURS[-1]))
    memory = {step: float(one["note"].split()[0]) for step, one in day.items()}
    said = "; ".join(f"{step} {held:.2f} GB" for step, held in memory.items())
    return [
        row("memory of a day", max(memory.values()), "GB", COMMAND, said, "<= 4"),
        *(_growth(step, few[step]["value"], day[step]["value"]) for step in STEPS),
    ]


def _growth(step: str, few_s: float, day_s: float) -> Row:
    more = HOURS[-1] / HOURS[0]
    return row(
        f"growth of the time of {step}",
        round(day_s / few_s / more, 2),
        "of that of the data",
        COMMAND,
        f"{day_s / few_s:.1f} times the processor time for {more:.0f} times the hours",
        "<= 1.2",
    )


if __name__ == "__main__":
    main()
