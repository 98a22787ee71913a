"""The scores of a run's test part: what metrics, reports and comparisons are worked out from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from pipeline.artifacts import Float32, Int8, Int32
from pipeline.files import load_arrays, save_arrays


@dataclass(frozen=True)
class HeldOutScores:
    """What a run says to the windows it is tested on, before and after quantising.

    names: of the recording each window is from; targets: int32 [n], an index into `labels`;
    float_scores: float32 [n, K], probabilities; int8_scores: int8 [n, K], of the compiled C.
    """

    labels: tuple[str, ...]
    names: tuple[str, ...]
    targets: Int32
    float_scores: Float32
    int8_scores: Int8

    @property
    def int8_accuracy(self) -> float:
        """Share of the windows that the compiled C gives the highest score to what they are."""
        return float(np.mean(self.int8_scores.argmax(axis=1) == self.targets))

    def save(self, path: Path) -> None:
        save_arrays(
            path,
            labels=np.array(self.labels),
            names=np.array(self.names),
            targets=self.targets,
            float_scores=self.float_scores,
            int8_scores=self.int8_scores,
        )

    @classmethod
    def load(cls, path: Path) -> HeldOutScores:
        arrays = load_arrays(path, "convert", {field.name for field in fields(cls)})
        return cls(
            tuple(arrays["labels"].tolist()),
            tuple(arrays["names"].tolist()),
            arrays["targets"],
            arrays["float_scores"],
            arrays["int8_scores"],
        )
