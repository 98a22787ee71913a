"""Recurrent cells in the two flatbuffers that hold them, as TensorFlow Lite Micro reads them."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.cells.operators import LSTM
from pipeline.conversion.sequence_file import SequenceFile
from pipeline.conversion.step_cells import FloatCell, run_cell
from pipeline.conversion.step_file import StepFile


@pytest.mark.parametrize("size", [0.0, 1e-9])
@pytest.mark.parametrize(("kind", "scale"), [(SequenceFile, 0.1), (StepFile, 1.0)])
def test_a_cell_that_hardly_hears_keeps_its_bias(kind: type, scale: float, size: float) -> None:
    random = np.random.default_rng(3)
    shapes = {"kernel": (16, 3), "bias": 16, "recurrent": (16, 4), "recurrent_bias": 16}
    constants = {name: random.normal(0, 2, shape) for name, shape in shapes.items()}
    constants |= {"kernel": size * constants["kernel"], "recurrent_bias": np.zeros(16)}
    cell = FloatCell(LSTM, "deaf", 4, constants)
    trace = run_cell(cell, random.normal(size=(5, 1, 3)))
    file = kind()
    x = file.add_samples((1, 1, 3) if kind is SequenceFile else (1, 3), scale, 0)
    if kind is SequenceFile:
        content = file.write({"x": x}, {"y": file.add_last(file.add_lstm(cell, trace, x))})
    else:
        states, new = file.add_cell(cell, trace, x)
        content = file.write(dict(zip("xhc", [x, *states], strict=True)), {"y": new[0]})
    interpreter = pytest.importorskip("tflite_micro").runtime.Interpreter.from_bytes(content)
    interpreter.set_input(np.ones(x.shape, np.int8), 0)
    interpreter.invoke()
    (step,) = interpreter.get_output_details(0)["quantization_parameters"]["scales"]
    assert np.abs(interpreter.get_output(0) * step - trace.columns[0]).max() < 0.006
