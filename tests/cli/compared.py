"""Two configs compared on the same folds, once for all tests that look at it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.commands import gesture
from tests.takes import save_all, takes

FOLDS_OF_TWO = """
data: {{path: data/two}}
window: {{length: 40, hop: 8}}
split: {{folds: {folds}}}
augment: {{passes: 1}}
model: {{kind: rocket, kernels: {kernels}, dilations: [1, 2]}}
"""


@dataclass(frozen=True)
class Compared:
    """Two configs compared on the same folds, and the folder where that was done."""

    folder: Path
    printed: Any

    def copy_to(self, place: Path, *names: str) -> Path:
        """Of what lies there: the folds are not trained again."""
        for name in names:
            source = self.folder / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, place / name)
        return place


def compare_configs(folder: Path) -> Compared:
    save_all(folder / "data" / "two", takes(("flex", "punch"), ("anna", "ben"), each=6))
    for name, folds, kernels in (("small", 2, 8), ("large", 2, 16), ("other", 3, 8)):
        text = FOLDS_OF_TWO.format(folds=folds, kernels=kernels)
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    words = ("runs", "compare", "--train", "small.yaml", "large.yaml")
    ended = gesture(*words, "--protocol", "kfold", "--seeds", "2", "--json", cwd=folder)
    return Compared(folder, ended.json)
