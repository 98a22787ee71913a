"""The parts of a recurrent network, joined to one step of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.conversion.step_cells import FloatCell, Trace
from pipeline.conversion.step_file import StepFile
from pipeline.conversion.tflite_file import Place


@dataclass(frozen=True)
class Samples:
    """int8, as the network is given them."""

    channels: int
    scale: float
    zero_point: int


def join_step(
    source: Samples | bytes, cells: Sequence[FloatCell], traces: Sequence[Trace], head: bytes
) -> bytes:
    """(x, states) -> (y, new states). source: what the first cell takes, or the converted network
    that makes it; head: the converted network that takes the last cell's h."""
    file = StepFile()
    column: Place
    if isinstance(source, bytes):
        samples, column = file.add_network(source, None)
    else:
        samples = column = file.add_samples((1, source.channels), source.scale, source.zero_point)
    inputs, outputs = {"x": samples}, {}
    for cell, trace in zip(cells, traces, strict=True):
        states, new = file.add_cell(cell, trace, column)
        column = new[0]
        for (name, _), before, after in zip(cell.kind.states, states, new, strict=True):
            inputs[f"{cell.name}_{name}"] = before
            outputs[f"{cell.name}_{name}"] = after
    return file.write(inputs, {"y": file.add_head(head, column), **outputs})
