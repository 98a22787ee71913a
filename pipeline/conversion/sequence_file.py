"""LSTMs over a whole window as a .tflite file: TensorFlow Lite's UNIDIRECTIONAL_SEQUENCE_LSTM.

TensorFlow's converter makes that operator of no LSTM of Keras 3. Its kernels want int8 for
x, h and the weights, one scale a matrix, int16 in a power of two for c, and int32 biases.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.conversion.step_cells import Array, FloatCell, Trace
from pipeline.conversion.step_file import carried_scale
from pipeline.conversion.tflite_file import INT8_MAX, SCOPE, Place, TfliteFile, weight_scale

_GATES = ("input", "forget", "cell", "output")  # as Keras orders them, and the operator
_TANH = 4  # of the schema's activations
_INTERMEDIATES = 5  # the last one is h before a projection, which there is not


class SequenceFile(TfliteFile):
    """The .tflite file of a network of LSTMs over a whole window."""

    def __init__(self) -> None:
        super().__init__("LSTMs over a window.")

    def add_lstm(self, cell: FloatCell, trace: Trace, source: Place) -> Place:
        """source: int8 [1, T, inputs]. All of its h: int8 [1, T, units]."""
        scope, units = SCOPE.format(cell.name), cell.units
        scale = max(trace.largest["new_h"], 1e-3) / INT8_MAX
        h = self._variable(f"{scope}/h", units, "int8", scale)
        c = self._variable(f"{scope}/c", units, "int16", carried_scale(trace.largest["new_c"]))
        output = self._tensor(f"{scope}/all_h", (1, source.shape[1], units), "int8", (scale,), 0)
        bias_of_gates = np.split(cell.constants["bias"], 4)
        from_x = self._matrices(f"{scope}/kernel", cell.constants["kernel"], bias_of_gates, source)
        no_bias = [np.zeros(units)] * 4
        from_h = self._matrices(f"{scope}/recurrent", cell.constants["recurrent"], no_bias, h)
        biases = [
            self._bias(f"{scope}/{gate}_bias", bias, source.scales[0] * weights.scales[0])
            for gate, bias, weights in zip(_GATES, bias_of_gates, from_x, strict=True)
        ]
        no_peepholes, no_projection, no_norms = [None] * 3, [None] * 2, [None] * 4
        inputs = [source, *from_x, *from_h, *no_peepholes, *biases, *no_projection, h, c, *no_norms]
        operator = self._operator(
            "UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [output], fusedActivationFunction=_TANH
        )
        names = (f"{scope}/intermediate{number}" for number in range(_INTERMEDIATES))
        operator.intermediates = [
            self._tensor(name, (0,), "int8", (scale,), 0).index for name in names
        ]
        return output

    def add_last(self, sequence: Place) -> Place:
        """Of int8 [1, T, units] the last: int8 [1, units]."""
        _, steps, units = sequence.shape
        corners = {"begin": (0, steps - 1, 0), "end": (1, steps, units), "strides": (1, 1, 1)}
        places = [self._indices(f"last/{name}", corner) for name, corner in corners.items()]
        last = self._tensor("last", (1, units), "int8", sequence.scales, sequence.zero_point)
        self._operator("STRIDED_SLICE", [sequence, *places], [last], shrinkAxisMask=0b010)
        return last

    def _variable(self, name: str, units: int, dtype: str, scale: float) -> Place:
        place = self._tensor(name, (1, units), dtype, (scale,), 0)
        self._graph.tensors[place.index].isVariable = True
        return place

    def _matrices(
        self, name: str, rows: Array, biases: Sequence[Array], source: Place
    ) -> list[Place]:
        """rows: [4 * units, inputs]; int8, one a gate."""
        return [
            self._matrix(f"{name}_{gate}", part, weight_scale(part, bias, source.scales[0]))
            for gate, part, bias in zip(_GATES, np.split(rows, 4), biases, strict=True)
        ]

    def _matrix(self, name: str, weights: Array, scale: float) -> Place:
        rounded: NDArray[np.int8] = np.rint(weights / scale).clip(-127, 127).astype(np.int8)
        return self._tensor(name, rounded.shape, "int8", (scale,), 0, rounded)

    def _bias(self, name: str, bias: Array, scale: float) -> Place:
        rounded = np.rint(bias / scale).astype(np.int32)
        return self._tensor(name, rounded.shape, "int32", (scale,), 0, rounded)
