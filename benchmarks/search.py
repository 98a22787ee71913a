"""What a search finds on spells within a tight budget: `python -m benchmarks.search [trials]`.

The command goes on where it was stopped. The nested accuracy is of the inner folds, on which trials
are compared; the test part was not seen by the search.
"""

from __future__ import annotations

import sys
import time

from benchmarks.datasets import ROOT, dataset
from benchmarks.results_file import Row, record, row, show
from pipeline.config.gesture_settings import load_gesture_config
from pipeline.core.costs import NetworkCost
from pipeline.core.errors import PipelineError
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.jobs.progress import JobStep
from pipeline.workflows.search.found import Found
from pipeline.workflows.search.search import search

COMMAND = "python -m benchmarks.search"
CONFIG = ROOT / "configs" / "gesture_conv1d.yaml"
SPACE = ROOT / "configs" / "search_small.yaml"
MOST_SECOND_INSTRUCTIONS, MOST_FLASH_BYTES = 250_000, 16_000
TRIALS = 60
# A third of the time of a trial, for the winner and for the default network alike.
SHORT = ("augment.passes=3", "fit.epochs=12", "split.folds=3")


def main() -> None:
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else TRIALS
    rows = rows_of(searched(trials))
    record("scale", rows)
    show(rows)


def searched(trials: int) -> Found:
    """Go on with the search, or begin it. The log says when what began."""
    budget = ROOT / "build" / "search_budget.yaml"
    budget.parent.mkdir(exist_ok=True)
    budget.write_text(
        f"second_instructions: {MOST_SECOND_INSTRUCTIONS}\nflash_bytes: {MOST_FLASH_BYTES}\n"
    )
    settings = [f"data.path={dataset('spells')}", *SHORT]
    words = (CONFIG, settings, SPACE, trials, budget, _say)
    try:
        return search(*words, resume=True)
    except PipelineError as error:
        if not error.what.startswith("There is no search"):
            raise
        return search(*words)


def _say(step: JobStep) -> None:
    if step.share:
        return
    print(f"{time.strftime('%H:%M:%S')} {step}", flush=True)


def rows_of(found: Found) -> list[Row]:
    """The winner beside the config that was searched from, on the same test part."""
    winner, before = found.winner, NetworkCost.load(RunFolder(found.before.run).cost_file)
    test = f"{found.split}, {found.tested.windows} windows"
    ended = ", ".join(f"{count} {how}" for how, count in found.ended.items() if count)
    default = load_gesture_config(RunFolder(found.before.run).config_file)
    default_second = before.instructions * default.data.rate_hz / default.window.hop
    return [
        row(
            "search finds test accuracy on spells",
            round(found.tested.int8, 4),
            "",
            COMMAND,
            f"{test}, not seen by the search; event F1 {found.tested.f1:.3f}; the default network "
            f"without a budget: accuracy {found.before.int8:.3f}, event F1 {found.before.f1:.3f}; "
            f"both with {', '.join(SHORT)}",
            f">= {found.before.int8:.4f}",
        ),
        row(
            "search finds inner accuracy on spells",
            round(winner.int8, 4),
            "",
            COMMAND,
            f"{found.folds} inner folds, on which it was chosen from {found.scored} networks; "
            f"event F1 {winner.f1:.3f}; other trials: {ended or 'none'}",
        ),
        row(
            "search finds instructions a second on spells",
            winner.second_instructions,
            "instructions",
            COMMAND,
            f"{winner.flash_bytes:,} of {MOST_FLASH_BYTES:,} B of flash, {winner.ram_bytes:,} B of "
            f"RAM; the default network: {default_second:,.0f} instructions, "
            f"{before.flash_bytes:,} B of flash",
            f"<= {MOST_SECOND_INSTRUCTIONS}",
        ),
    ]


if __name__ == "__main__":
    main()
