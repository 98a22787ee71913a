"""What TFLite Micro answers: the reference that every other engine is held against.

It runs in a child process, since a damaged flatbuffer may end the process that loads it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from pipeline.artifacts import Int8, Int16
from pipeline.conversion.child import run_child
from pipeline.errors import PipelineError

TIMEOUT_S = 300.0
_HINT = (
    "the file is cut short or damaged, or uses an operator that TFLite Micro does not have; "
    "`gesture convert` writes it anew"
)


def run_oracle(
    flatbuffer: Path, inputs: Int8 | Int16, log: Path, timeout_s: float = TIMEOUT_S
) -> Int8:
    """TFLite Micro's outputs, int8 [n, elements], for inputs int8 or int16 [n, …], one a row.

    Raises PipelineError that names `log` where the model cannot be run on them.
    """
    _check_kind(flatbuffer)
    with tempfile.TemporaryDirectory(prefix="oracle-") as name:
        asked, answered = Path(name) / "inputs.npy", Path(name) / "outputs.npy"
        np.save(asked, inputs.reshape(len(inputs), -1))
        run_child(
            "pipeline.conversion.oracle_child",
            (flatbuffer.resolve(), asked, answered),
            log,
            timeout_s,
            f"running {flatbuffer} in TFLite Micro",
            _HINT,
        )
        outputs: Int8 = np.load(answered)
    return outputs


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
