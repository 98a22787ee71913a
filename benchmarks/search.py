"""What a search finds within a tight budget: `python -m benchmarks.search spells|uhh_imu [trials]`.

The command goes on where it was stopped. The nested accuracy is of the inner folds, on which trials
are compared; the test part was not seen by the search.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

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
MOST_FLASH_BYTES = 16_000
TRIALS = 60
MINUTE_S = 60


@dataclass(frozen=True)
class Case:
    """A dataset, and what is searched for it.

    Args:
        config: which is searched from.
        space: a file.
        most_second_instructions: of the budget, at most half of what `config` takes.
        short: settings by which a trial takes a third of the time, for the winner and for the
            config alike.
    """

    dataset: str
    config: str
    space: Path
    most_second_instructions: int
    short: tuple[str, ...]


SPELLS = Case(
    "spells",
    "gesture_conv1d",
    ROOT / "configs" / "search_small.yaml",
    250_000,
    ("augment.passes=3", "fit.epochs=12", "split.folds=3"),
)
UHH_IMU = Case(
    "uhh_imu",
    "uhh_imu",
    ROOT / "benchmarks" / "search_uhh_imu.yaml",
    125_000,
    ("fit.epochs=12",),
)
CASES = {case.dataset: case for case in (SPELLS, UHH_IMU)}


def main() -> None:
    name, *rest = sys.argv[1:] or ("",)
    if name not in CASES:
        sys.exit(f"Name one of: {', '.join(CASES)}")
    trials = int(rest[0]) if rest else TRIALS
    case = CASES[name]
    watch = Watch(ROOT / "build" / f"search_{name}_seconds")
    rows = rows_of(case, searched(case, trials, watch), watch.seconds())
    record("scale", rows)
    show(rows)


class Watch:
    """How long a search has taken, also where it was stopped and went on."""

    def __init__(self, file: Path) -> None:
        """Go on from what the file says."""
        self._file, self._started = file, time.monotonic()
        self._before = float(file.read_text("utf-8")) if file.is_file() else 0.0

    def reset(self) -> None:
        """Begin at zero."""
        self._before, self._started = 0.0, time.monotonic()

    def seconds(self) -> float:
        """In all."""
        return self._before + time.monotonic() - self._started

    def step(self, step: JobStep) -> None:
        """Keep the time, and say when what began."""
        self._file.write_text(f"{self.seconds():.0f}", "utf-8")
        if not step.share:
            print(f"{time.strftime('%H:%M:%S')} {step}", flush=True)


def searched(case: Case, trials: int, watch: Watch) -> Found:
    """Go on with the search, or begin it."""
    budget = ROOT / "build" / f"search_{case.dataset}_budget.yaml"
    budget.parent.mkdir(exist_ok=True)
    budget.write_text(
        f"second_instructions: {case.most_second_instructions}\nflash_bytes: {MOST_FLASH_BYTES}\n"
    )
    config = ROOT / "configs" / f"{case.config}.yaml"
    settings = [f"data.path={dataset(case.dataset)}", *case.short]
    words = (config, settings, case.space, trials, budget, watch.step)
    try:
        return search(*words, resume=True)
    except PipelineError as error:
        if not error.what.startswith("There is no search"):
            raise
        watch.reset()
        return search(*words)


def rows_of(case: Case, found: Found, seconds: float) -> list[Row]:
    """The winner beside the config that was searched from, on the same test part."""
    name, command = case.dataset, f"{COMMAND} {case.dataset}"
    winner, before = found.winner, NetworkCost.load(RunFolder(found.before.run).cost_file)
    test = f"{found.split}, {found.tested.windows} windows"
    ended = ", ".join(f"{count} {how}" for how, count in found.ended.items() if count)
    default = load_gesture_config(RunFolder(found.before.run).config_file)
    default_second = before.instructions * default.data.rate_hz / default.window.hop
    return [
        row(
            f"search finds test accuracy on {name}",
            round(found.tested.int8, 4),
            "",
            command,
            f"{test}, not seen by the search; event F1 {found.tested.f1:.3f}; the default network "
            f"without a budget: accuracy {found.before.int8:.3f}, event F1 {found.before.f1:.3f}; "
            f"both with {', '.join(case.short)}; {seconds / MINUTE_S:.0f} minutes in all",
            f">= {found.before.int8:.4f}",
        ),
        row(
            f"search finds inner accuracy on {name}",
            round(winner.int8, 4),
            "",
            command,
            f"{found.folds} inner folds, on which it was chosen from {found.scored} networks; "
            f"event F1 {winner.f1:.3f}; other trials: {ended or 'none'}",
        ),
        row(
            f"search finds instructions a second on {name}",
            winner.second_instructions,
            "instructions",
            command,
            f"{winner.flash_bytes:,} of {MOST_FLASH_BYTES:,} B of flash, {winner.ram_bytes:,} B of "
            f"RAM; the default network: {default_second:,.0f} instructions, "
            f"{before.flash_bytes:,} B of flash",
            f"<= {case.most_second_instructions}",
        ),
    ]


if __name__ == "__main__":
    main()
