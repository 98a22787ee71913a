"""The child process of oracle: main(flatbuffer, inputs, outputs)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tflite_micro import runtime

ARENA_BYTES = 64 * 2**20  # far more than a microcontroller has; only this process pays it


def main(flatbuffer: Path, inputs_file: Path, outputs_file: Path) -> None:
    """Run a flatbuffer on each input of each sequence, and save all outputs, [n, elements]."""
    inputs = np.load(inputs_file)  # [sequences, inputs, elements], of the type that the model takes
    content = flatbuffer.read_bytes()
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES)
    details = interpreter.get_input_details(0)
    shape = tuple(int(size) for size in details["shape"])
    if details["dtype"] is not inputs.dtype.type or inputs.shape[2] != np.prod(shape):
        raise ValueError(
            f"the model takes {details['dtype'].__name__} {shape}, "
            f"not {inputs.shape[2]} {inputs.dtype}"
        )
    outputs = []
    for sequence in inputs:
        interpreter.reset()  # an LSTM's state would go on from the sequence before
        for row in sequence:
            interpreter.set_input(row.reshape(shape), 0)
            interpreter.invoke()
            outputs.append(interpreter.get_output(0).reshape(-1).copy())
    np.save(outputs_file, np.stack(outputs))
