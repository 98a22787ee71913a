"""How well gestures are recognised: `python -m benchmarks.recognition [PART …]`, all where none.

accuracy: of windows held out, of all datasets, beside a leaky split. events: uhh_imu, continuous,
one person left out at a time. alarms: spells, hours of rest and of motion that is no gesture.
unseen: spells, a gesture left out of training. replay: how fast the twin hears.
training: how long a model takes.
Folds are kept in build/recognition: interrupted, the same command goes on after them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks.parts import chosen
from benchmarks.recognition_accuracy import accuracy_rows
from benchmarks.recognition_events import alarms_rows, events_rows, unseen_rows
from benchmarks.recognition_replay import replay_rows
from benchmarks.recognition_training import training_rows
from benchmarks.results_file import Row, record

PARTS: dict[str, Callable[[], list[Row]]] = {
    "accuracy": accuracy_rows,
    "events": events_rows,
    "alarms": alarms_rows,
    "unseen": unseen_rows,
    "replay": replay_rows,
    "training": training_rows,
}


def main() -> None:
    for part in chosen(PARTS, sys.argv[1:]):
        rows = PARTS[part]()
        record("recognition", rows)
        for row in rows:
            print(f"{row['name']}: {row['value']} {row['unit']} (bound {row['bound'] or 'none'})")


if __name__ == "__main__":
    main()
