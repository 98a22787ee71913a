"""What a recurrent network must answer, byte for byte: TFLite Micro before and after its cells, and
pipeline/cell_arithmetic.py in between."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.artifacts import Int8, Int16
from pipeline.cell_arithmetic import FixedCell, Integers
from pipeline.cells import Recurrence
from pipeline.conversion.oracle import run_oracle
from pipeline.conversion.step_parts import Parts, cut


@dataclass(frozen=True)
class SteppedReference:
    """Of a one-step network, whose cells the compiler found."""

    parts: Parts
    recurrence: Recurrence
    log: Path

    @classmethod
    def of(cls, step: bytes, recurrence: Recurrence, log: Path) -> SteppedReference:
        return cls(cut(step), recurrence, log)

    def answers(self, inputs: Int8, every: int) -> Int8:
        """Scores after every so many samples, int8 [n, T / every, K], from states of zero on.

        inputs: int8 [n, T, C].
        """
        states = self.states(self._columns(inputs))  # [n, columns, units]
        reach, stride = self.recurrence.reach, self.recurrence.stride
        ends = range(every, inputs.shape[1] + 1, every)
        counts = [max(0, (end - reach) // stride + 1) for end in ends]
        begun = np.concatenate((np.zeros_like(states[:, :1]), states), axis=1)
        asked = begun[:, counts]
        scores = self._run(self.parts.head, asked.reshape(-1, asked.shape[-1]))
        return scores.reshape(len(inputs), len(counts), -1)

    def states(self, columns: Int8) -> Int16:
        """h of the last cell after each column, int16 [n, columns, units]; columns: int8
        [n, columns, F]."""
        values: Integers = columns.astype(np.int64)
        for cell in map(FixedCell.of, self.recurrence.cells):
            values = _over_time(cell, values)
        return values.astype(np.int16)

    def _columns(self, inputs: Int8) -> Int8:
        if self.parts.front is None:
            return inputs
        starts = range(0, inputs.shape[1] - self.recurrence.reach + 1, self.recurrence.stride)
        parts = np.stack([inputs[:, at : at + self.recurrence.reach] for at in starts], axis=1)
        columns = self._run(self.parts.front, parts.reshape(len(inputs) * len(starts), -1))
        return columns.reshape(len(inputs), len(starts), -1)

    def _run(self, flatbuffer: bytes, inputs: Int8 | Int16) -> Int8:
        with tempfile.TemporaryDirectory(prefix="stepped-") as name:
            file = Path(name) / "part.tflite"
            file.write_bytes(flatbuffer)
            return run_oracle(file, inputs, self.log)


def _over_time(cell: FixedCell, columns: Integers) -> Integers:
    """h after each column, [n, columns, units]."""
    states = cell.start(len(columns))
    found = np.empty((*columns.shape[:2], cell.cell.units), np.int64)
    for t in range(columns.shape[1]):
        states = cell.step(columns[:, t], states)
        found[:, t] = states["h"]
    return found
