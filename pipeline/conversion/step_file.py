"""A one-step network as a .tflite file.

What is before and after the cells was converted by TensorFlow; the cells are written here, so that
a state has one scale where it goes in and where it comes out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.cells.operators import STATE_SCALE, CellOperator
from pipeline.conversion.step_cells import FloatCell, Trace
from pipeline.conversion.tflite_file import SCOPE, Place, TfliteFile, weight_scale

_INT16_MAX = 32767


class StepFile(TfliteFile):
    """The .tflite file of one step of a recurrent network."""

    def __init__(self) -> None:
        super().__init__("One step of a recurrent network.")

    def add_cell(
        self, cell: FloatCell, trace: Trace, source: Place
    ) -> tuple[list[Place], list[Place]]:
        """A step of a cell; its states as they go in, and as they come out."""
        tensors: dict[str, Place] = {}
        scales = _scales(cell, trace.largest)
        tensors["x"] = self._int16(f"{SCOPE.format(cell.name)}/x", source)
        states = [state for state, _ in cell.kind.states]
        for state in states:
            name = f"{SCOPE.format(cell.name)}/{state}"
            tensors[state] = self._tensor(name, (1, cell.units), "int16", (scales[state],), 0)
        for operator in cell.kind.operators:
            self._add_operator(cell, operator, tensors, scales)
        new = [tensors[name] for _, name in cell.kind.states]
        return [tensors[state] for state in states], new

    def _int16(self, name: str, source: Place) -> Place:
        """The same values; columns become rows of one."""
        if source.dtype == "int16":
            return source
        shape = (1, source.shape[-1])
        target = self._tensor(name, source.shape, "int16", source.scales, 0)
        self._operator("QUANTIZE", [source], [target])
        return Place(target.index, shape, source.scales, 0, "int16")

    def _add_operator(
        self,
        cell: FloatCell,
        operator: CellOperator,
        tensors: dict[str, Place],
        scales: Mapping[str, float],
    ) -> None:
        scope = SCOPE.format(cell.name)
        inputs = [tensors[name] for name in operator.inputs if name in tensors]
        if operator.name == "FULLY_CONNECTED":
            weights, bias = (cell.constants[name] for name in operator.inputs[1:])
            inputs += self._weights(scope, operator.inputs[1:], weights, bias, inputs[0])
        shape: tuple[int, ...] = (1, cell.units)
        options = {}
        if operator.name == "FULLY_CONNECTED":
            shape = (1, inputs[1].shape[0])
        elif operator.name != "SPLIT":
            shape = inputs[0].shape
        else:
            inputs = [self._indices("axis", 1), *inputs]
            options = {"numSplits": len(operator.outputs)}
        for name in operator.outputs:
            tensors[name] = self._tensor(f"{scope}/{name}", shape, "int16", (scales[name],), 0)
        results = [tensors[name] for name in operator.outputs]
        self._operator(operator.name, inputs, results, **options)

    def _weights(
        self,
        scope: str,
        names: Sequence[str],
        weights: NDArray[np.float64],
        bias: NDArray[np.float64],
        source: Place,
    ) -> list[Place]:
        """int8, a scale a row; the bias in the scale of a sum."""
        rows = zip(weights, bias, strict=True)
        scales = np.array([weight_scale(*row, source.scales[0]) for row in rows])
        rounded = np.clip(np.rint(weights / scales[:, None]), -127, 127).astype(np.int8)
        of_sums = scales * source.scales[0]
        sums = np.rint(bias / of_sums).astype(np.int64)
        return [
            self._tensor(f"{scope}/{names[0]}", rounded.shape, "int8", scales, 0, rounded),
            self._tensor(f"{scope}/{names[1]}", sums.shape, "int64", of_sums, 0, sums),
        ]


def _scales(cell: FloatCell, largest: Mapping[str, float]) -> dict[str, float]:
    """Of every tensor, with room for twice what was seen; a carried state has a power of two. h,
    and what a LOGISTIC or TANH gives, fill all of int16."""
    found = {name: 2 * max(value, 1e-3) / _INT16_MAX for name, value in largest.items()}
    for operator in cell.kind.operators:
        if operator.name in ("LOGISTIC", "TANH"):
            found[operator.outputs[0]] = STATE_SCALE
        if operator.name == "SPLIT":
            found |= dict.fromkeys(operator.outputs, found[operator.inputs[0]])
    for state, new in cell.kind.states:
        found[state] = found[new] = carried_scale(largest[new]) if state != "h" else STATE_SCALE
    return found


def carried_scale(largest: float) -> float:
    """A power of two, with room for twice `largest` in int16."""
    return STATE_SCALE * 2.0 ** (1 + max(0, math.ceil(math.log2(max(largest, 1e-3)))))
