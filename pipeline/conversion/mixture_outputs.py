"""The outputs of a network that draws are brought to -1 to 1, each by a line of its own.

Then all of them have the precision of int8, though logits span up to sixty times as much as some
means. Which lines, the contract says.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.conversion.child import run_child
from pipeline.core.artifacts import Float32
from pipeline.core.contract import Line, Mixture
from pipeline.core.files import atomic_write, save_arrays
from pipeline.core.locks import draft_beside
from pipeline.core.mixture import PARAMETERS, STATES

TIMEOUT_S = 120.0
_HINT = "the model file is damaged, or does not end with the outputs of a mixture"


def level_outputs(keras_file: Path, inputs: Float32, level_file: Path, log: Path) -> Mixture:
    """Write the network with outputs of -1 to 1.

    Args:
        keras_file: the network that was trained.
        inputs: what it is given, float32 [n, T, 5], by which the ranges of its outputs are found.
        level_file: for the network with other outputs.
        log: of the child process.

    Returns:
        What its outputs stand for.

    Raises:
        PipelineError: it is not a network of this kind; the error names `log`.
    """
    with draft_beside(log.parent / "level", "convert") as work:
        windows, level, ranges = work / "windows.npz", work / "level.keras", work / "ranges.npy"
        save_arrays(windows, windows=inputs)
        task = f"bringing the outputs of {keras_file.name} to one range"
        module = "pipeline.conversion.mixture_outputs_child"
        arguments = (keras_file.resolve(), windows, level, ranges)
        run_child(module, arguments, log, TIMEOUT_S, task, _HINT)
        level_file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(level_file) as unfinished:
            unfinished.write_bytes(level.read_bytes())
        return _mixture([Line(center=at, factor=by) for at, by in np.load(ranges).tolist()])


def _mixture(lines: list[Line]) -> Mixture:
    """lines: of each output."""
    count = (len(lines) - STATES) // PARAMETERS
    return Mixture(
        count=count,
        logits=lines[0],
        means=tuple(lines[count : 3 * count]),
        deviations=lines[3 * count],
        correlations=lines[5 * count],
    )
