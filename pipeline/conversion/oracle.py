"""The reference: outputs of TensorFlow Lite Micro. Every other engine must give the same bytes.

It runs in a child process, because a damaged flatbuffer may crash the process that loads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pipeline.cells.arithmetic import FixedCell, Integers
from pipeline.cells.operators import Recurrence
from pipeline.conversion.child import run_child
from pipeline.conversion.step import Parts, split_step
from pipeline.core.artifacts import Int8, Int16
from pipeline.core.errors import PipelineError
from pipeline.core.files import writing
from pipeline.core.locks import draft_beside

TIMEOUT_S = 300.0
_HINT = (
    "the file is cut short or damaged, or uses an operator that TFLite Micro does not have; "
    "a model of a run is written again by `gesture convert`"
)


def run_oracle(
    flatbuffer: Path,
    inputs: NDArray[Any],
    log: Path,
    timeout_s: float = TIMEOUT_S,
    keeps_state: bool = False,
) -> NDArray[Any]:
    """Run a flatbuffer in TensorFlow Lite Micro: [n, …] to [n, elements], of the model's types.

    Args:
        inputs: of the first input of the model; the answers are its first output's.
        keeps_state: what the model keeps is reset before the first input only, not before each.
    """
    return run_oracle_on_all(flatbuffer, [inputs], log, timeout_s, keeps_state)[0]


def run_oracle_on_all(
    flatbuffer: Path,
    inputs: Sequence[NDArray[Any]],
    log: Path,
    timeout_s: float = TIMEOUT_S,
    keeps_state: bool = False,
) -> list[NDArray[Any]]:
    """As `run_oracle`, with an array for each input of the model, and one of each output."""
    _check_kind(flatbuffer)
    with draft_beside(log.parent / "oracle", "convert") as work:
        inputs_file, outputs_file = work / "inputs.npz", work / "outputs.npz"
        with writing(inputs_file):
            count = len(inputs[0])
            sequences = (1, count) if keeps_state else (count, 1)
            np.savez(inputs_file, *(values.reshape(*sequences, -1) for values in inputs))
        run_child(
            "pipeline.conversion.oracle_child",
            (flatbuffer.resolve(), inputs_file, outputs_file),
            log,
            timeout_s,
            f"running {flatbuffer} in TFLite Micro",
            _HINT,
        )
        with np.load(outputs_file) as outputs:
            return list(outputs.values())


def _check_kind(flatbuffer: Path) -> None:
    if not flatbuffer.is_file():
        raise PipelineError(
            f"There is no model at {flatbuffer}.",
            "the run was not converted yet, or converting failed",
            "run `gesture convert` on the run",
        )
    with flatbuffer.open("rb") as stream:
        start = stream.read(8)
    if start[4:] != b"TFL3":
        raise PipelineError(
            f"{flatbuffer} is not a .tflite model.",
            "it is empty, or a file of another kind under this name",
            "run `gesture convert` on the run",
        )


@dataclass(frozen=True)
class SteppedReference:
    """The reference of a recurrent network: TensorFlow Lite Micro around its cells.

    The cells themselves are those of pipeline/cells/arithmetic.py.
    """

    parts: Parts
    recurrence: Recurrence
    log: Path

    @classmethod
    def of(cls, step: bytes, recurrence: Recurrence, log: Path) -> SteppedReference:
        """The reference of a one-step flatbuffer."""
        return cls(split_step(step), recurrence, log)

    def scores(self, inputs: Int8, every: int) -> Int8:
        """Scores, int8 [n, T / every, K], after every `every` samples of int8 [n, T, C]."""
        states = self.states(self._columns(inputs))  # [n, columns, units]
        receptive_field, stride = self.recurrence.receptive_field, self.recurrence.stride
        ends = range(every, inputs.shape[1] + 1, every)
        counts = [max(0, (end - receptive_field) // stride + 1) for end in ends]
        begun = np.concatenate((np.zeros_like(states[:, :1]), states), axis=1)
        states_at = begun[:, counts]
        scores = self._run(self.parts.head, states_at.reshape(-1, states_at.shape[-1]))
        return scores.reshape(len(inputs), len(counts), -1)

    def states(self, columns: Int8) -> Int16:
        """The state h of the last cell after each column of int8 [n, columns, F]: int16."""
        values: Integers = columns.astype(np.int64)
        for cell in map(FixedCell.of, self.recurrence.cells):
            states = cell.start(len(values))
            hidden = np.empty((*values.shape[:2], cell.cell.units), np.int64)
            for t in range(values.shape[1]):
                states = cell.step(values[:, t], states)
                hidden[:, t] = states["h"]
            values = hidden
        return values.astype(np.int16)

    def _columns(self, inputs: Int8) -> Int8:
        if self.parts.front is None:
            return inputs
        fields = sliding_window_view(inputs, self.recurrence.receptive_field, axis=1)
        parts = fields[:, :: self.recurrence.stride].swapaxes(2, 3)
        count = parts.shape[0] * parts.shape[1]
        return self._run(self.parts.front, parts.reshape(count, -1)).reshape(*parts.shape[:2], -1)

    def _run(self, flatbuffer: bytes, inputs: Int8 | Int16) -> Int8:
        with draft_beside(self.log.parent / "stepped", "convert") as work:
            file = work / "part.tflite"
            file.write_bytes(flatbuffer)
            return run_oracle(file, inputs, self.log)
