"""What a search has found, and the files that it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.files import save_json, save_text
from pipeline.core.json_values import plain
from pipeline.core.locks import Lock
from pipeline.reports.search_page import Point, SearchFacts, render_search
from pipeline.workflows.search.trial import BEHIND, FAILED, OVER_BUDGET

SEARCHES = Path("searches")
PATIENCE_S = 60.0  # wait for another client that writes there
WINNER, PAGE, RESULT = "winner.yaml", "front.html", "search.json"


@dataclass(frozen=True)
class TestScore:
    """A network on the test part, which the search has not seen.

    Args:
        run: the folder of its run, converted.
        takes: gestures that the event F1 is of.
        windows: that the accuracy of the compiled C is of.
    """

    run: Path
    f1: float
    takes: int
    int8: float
    windows: int


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Args:
        study: its name in the storage.
        split: what the test part is.
        folds: inner folds of a trial.
        scored: trials that were scored on all folds.
        ended: how many trials ended otherwise, by how.
        front: trials that no other beats in everything, the best event F1 first.
        winner: the best of them.
        config: the file of its settings.
        page: with the pictures of the front.
        tested: the winner on the test part.
        before: the config that was searched from, on the same.
        note: why there were fewer trials than wished; empty otherwise.
    """

    folder: Path
    study: str
    split: str
    folds: int
    scored: int
    ended: Mapping[str, int]
    front: tuple[Point, ...]
    winner: Point
    config: Path
    page: Path
    tested: TestScore
    before: TestScore
    note: str

    def save(self, settings: Mapping[str, Any], scored: Sequence[Point]) -> None:
        """Write the winner's config, the page and search.json.

        Args:
            settings: of the winner, complete.
            scored: all trials that the picture shows.
        """
        with Lock(self.folder, "search", PATIENCE_S):
            save_text(self.config, f"{self._origin()}{_as_yaml(settings)}")
            save_text(self.page, render_search(self._facts(scored)))
            save_json(self.folder / RESULT, plain(self))

    def _origin(self) -> str:
        winner, tested = self.winner, self.tested
        lines = (
            f"Trial {winner.number} of `gesture search`, study {self.study}: the best event F1 of "
            f"{self.scored} networks.",
            f"Inner folds: event F1 {winner.f1:.3f}, accuracy {winner.int8:.3f}. Test part, not "
            f"seen by the search ({self.split}): event F1 {tested.f1:.3f}, accuracy "
            f"{tested.int8:.3f}.",
            f"{winner.second_instructions:,.0f} instructions a second, {winner.flash_bytes:,} "
            f"bytes of flash, {winner.ram_bytes:,} bytes of RAM.",
        )
        return "".join(f"# {line}\n" for line in lines)

    def _facts(self, scored: Sequence[Point]) -> SearchFacts:
        ended = {how: self.ended[how] for how in (BEHIND, OVER_BUDGET, FAILED)}
        return SearchFacts(
            self.study,
            tuple(sorted(scored, key=lambda one: -one.f1)),
            {point.number for point in self.front},
            self.winner.number,
            self.split,
            self.folds,
            ended,
            (self.tested.f1, self.tested.int8),
            (self.before.f1, self.before.int8),
        )


def _as_yaml(settings: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
