"""Everyday motion in place of gestures cut to pieces: how often is it called a gesture, and what is
found of the gestures, also of strangers? `python -m benchmarks.recognition_everyday`.

Motion: geotec_watch, 23 people; those who test have taught the network nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.open_data import open_dataset
from benchmarks.recognition_folds import judged
from benchmarks.results_file import Row, record, row
from pipeline.workflows.evaluate import ProtocolScore

COMMAND = "python -m benchmarks.recognition_everyday"
NETWORK = "gesture_rocket"
SETTINGS = ("augment.passes=4",)


@dataclass(frozen=True)
class Data:
    """alarms and recall: names of the figures; bound: of the recall; chosen: on which data the way
    was that is measured."""

    name: str
    protocol: str
    alarms: str
    recall: str
    bound: str
    settings: tuple[str, ...] = ()
    chosen: str = ""


DATA = (
    Data(
        "spells",
        "kfold",
        "false alarms per hour of daily motion",
        "recall with daily motion",
        ">= 0.9",
    ),
    Data(
        "punch_flex",
        "lopo",
        "punch_flex false alarms per hour of daily motion and rest",
        "punch_flex stranger recall",
        ">= 0.7",
        ("data.labels=[punch, flex]",),
        "; how sure it must be was chosen on utd and on takes of spells against hori, vert, circ "
        "and upper_cut, which two of these three people made too: one side taught, the other was "
        "called",
    ),
)


def rows(data: Data) -> Iterator[Row]:
    """Rows of one dataset."""
    life = f"data.everyday={open_dataset('geotec')}"
    score = judged(data.name, NETWORK, data.protocol, [life, *SETTINGS, *data.settings])
    quiet = (score.called.everyday, score.called.rest)
    false, hours = sum(one.false for one in quiet), sum(one.hours for one in quiet)
    each = ", ".join(f"{one.false} in {one.hours:.1f} h" for one in quiet)
    note = f"everyday motion and rest of people left out: {each}; {_policies(score)}"
    yield row(data.alarms, round(false / hours, 2), "1/h", COMMAND, note, "<= 1")
    found = score.called.gestures
    bouts = round(score.called.unknown.false_alarms_per_hour)
    said = (
        f"int8 on the twin; {found.found} of {found.takes} found, {found.wrong} by a wrong name; "
        f"bouts of pieces of gestures are called {bouts} times an hour{data.chosen}"
    )
    yield row(data.recall, round(found.recall, 4), "", COMMAND, said, data.bound)


def _policies(score: ProtocolScore) -> str:
    return "policy " + " or ".join(sorted({fold.how for fold in score.folds}))


def main() -> None:
    """Record the rows of all datasets."""
    for data in DATA:
        record("recognition", list(rows(data)))


if __name__ == "__main__":
    main()
