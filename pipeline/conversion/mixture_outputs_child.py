"""The child process of mixture_outputs: main(model, windows, level, ranges)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipeline.core.mixture import PARAMETERS, STATES

LEAST_FACTOR = 1e-6  # of outputs that are always the same


def main(model_file: Path, windows_file: Path, level_file: Path, ranges_file: Path) -> None:
    """Save the model with outputs of -1 to 1; ranges: their center and factor, [outputs, 2]."""
    model = keras.models.load_model(model_file, compile=False)
    outputs = model.predict(np.load(windows_file)["windows"], batch_size=64, verbose=0)
    lines = lines_of(outputs.reshape(-1, outputs.shape[-1]).astype(np.float64))
    weights, bias = model.layers[-1].get_weights()
    centers, factors = lines.T
    model.layers[-1].set_weights([weights / factors, (bias - centers) / factors])
    model.save(level_file)
    np.save(ranges_file, lines)


def lines_of(outputs: Any) -> Any:
    """Center and factor of each output, float64 [outputs, 2]; outputs: float64 [n, outputs]."""
    lines = np.empty((outputs.shape[1], 2))
    for group in _groups((outputs.shape[1] - STATES) // PARAMETERS):
        low, high = outputs[:, group].min(), outputs[:, group].max()
        lines[group] = (low + high) / 2, max((high - low) / 2, LEAST_FACTOR)
    return lines


def _groups(count: int) -> Iterator[list[int]]:
    """Outputs of one line: logits, each mean, deviations, correlations."""
    states = range(PARAMETERS * count, PARAMETERS * count + STATES)
    yield [*range(count), *states]
    yield from ([mean] for mean in range(count, 3 * count))
    yield [*range(3 * count, 5 * count)]
    yield [*range(5 * count, 6 * count)]
