"""The child process of oracle: main(flatbuffer, inputs, outputs)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

ARENA_BYTES = 64 * 2**20  # far more than a microcontroller has; only this process pays it


def main(flatbuffer: Path, inputs_file: Path, outputs_file: Path) -> None:
    """Run a flatbuffer on each input of each sequence, and save all outputs, [n, elements] each.

    inputs_file: for each input of the model [sequences, inputs, elements], of the model's type.
    """
    content = flatbuffer.read_bytes()
    interpreter = runtime.Interpreter.from_bytes(content, arena_size=ARENA_BYTES)
    with np.load(inputs_file) as file:
        inputs = [_shaped(interpreter, at, values) for at, values in enumerate(file.values())]
    outputs: list[list[Any]] = [[] for _ in range(_outputs(content))]
    for sequence in zip(*inputs, strict=True):
        interpreter.reset()  # an LSTM's state would go on from the sequence before
        for rows in zip(*sequence, strict=True):
            for number, row in enumerate(rows):
                interpreter.set_input(row, number)
            interpreter.invoke()
            for number, found in enumerate(outputs):
                found.append(interpreter.get_output(number).reshape(-1).copy())
    np.savez(outputs_file, *map(np.stack, outputs))


def _shaped(interpreter: Any, number: int, values: Any) -> Any:
    """An input's values, [sequences, inputs, ...] as the model takes them."""
    details = interpreter.get_input_details(number)
    shape = tuple(int(size) for size in details["shape"])
    if details["dtype"] is not values.dtype.type or values.shape[2] != np.prod(shape):
        raise ValueError(
            f"the model takes {details['dtype'].__name__} {shape}, "
            f"not {values.shape[2]} {values.dtype}"
        )
    return values.reshape(*values.shape[:2], *shape)


def _outputs(content: bytes) -> int:
    """How many the model has."""
    return int(schema.Model.GetRootAs(content, 0).Subgraphs(0).OutputsLength())
