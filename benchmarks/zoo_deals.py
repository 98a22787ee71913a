"""How much the deal of the takes decides: `python -m benchmarks.zoo_deals [NAME …]`.

spells has 125 takes, and one is 0.8 points; the networks that benchmarks.zoo compares on one deal
of them into five folds are asked here on others, with nothing changed but `split.seed`. What the
settings were chosen from, seed 11, is not among them.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import replace

from benchmarks.results_file import Row, chosen, record, row
from benchmarks.zoo import AREA, ENTRIES, Entry

COMPARED = ("dense", "conv1d", "gru", "lstm")
SEEDS = (2, 3, 4)


def main() -> None:
    entries = {entry.name: entry for entry in ENTRIES if entry.name in COMPARED}
    for name in chosen(entries, sys.argv[1:]):
        found = row_of(entries[name])
        record(AREA, [found])
        print(f"{found['name']}: {found['value']:,}")


def row_of(entry: Entry) -> Row:
    """The mean of int8 accuracies over the deals, each of all takes."""
    accuracies = [_dealt(entry, seed).judged_on("spells").int8_accuracy for seed in SEEDS]
    each = ", ".join(
        f"{seed}: {accuracy:.3f}" for seed, accuracy in zip(SEEDS, accuracies, strict=True)
    )
    return row(
        f"spells {entry.name} int8 accuracy over three other deals",
        round(statistics.mean(accuracies), 4),
        "",
        f"python -m benchmarks.zoo_deals {entry.name}",
        f"5 folds by take, compiled C; split.seed changed alone, {each}",
    )


def _dealt(entry: Entry, seed: int) -> Entry:
    return replace(entry, spells_settings=(*entry.spells_settings, f"split.seed={seed}"))


if __name__ == "__main__":
    main()
