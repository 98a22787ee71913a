"""What a board must forecast, in Python's integers: the contract around the network's reference."""

from __future__ import annotations

import numpy as np

from pipeline.conversion.oracle import SteppedReference, run_oracle
from pipeline.core.artifacts import Int8, Int32
from pipeline.core.contract import Contract, fixed_point_horizons, fixed_point_scaling
from pipeline.core.run_folder import RunFolder
from pipeline.workflows.generated import compiled


def reference_forecasts(run: RunFolder, rows: Int32) -> Int32:
    """int32 [n, channels] in thousandths to int32 [n - window + 1, outputs] in thousandths."""
    contract = run.contract()
    changes = fixed_point_horizons(contract)
    outputs = _answers(run, contract, _windows(contract, rows)).astype(np.int64)
    change = (outputs * changes.multipliers + changes.offsets) >> changes.shift
    names = [channel.name for channel in contract.channels]
    columns = [names.index(horizon.channel) for horizon in contract.horizons]
    forecasts: Int32 = (rows[contract.window - 1 :, columns] + change).astype(np.int32)
    return forecasts


def _windows(contract: Contract, rows: Int32) -> Int8:
    """int8 [n - window + 1, window, channels]."""
    scaling = fixed_point_scaling(contract)
    scaled = (rows.astype(np.int64) * scaling.multipliers + scaling.offsets) >> scaling.shift
    inputs = np.clip(scaled, -128, 127).astype(np.int8)
    every = np.lib.stride_tricks.sliding_window_view(inputs, contract.window, axis=0)
    return np.ascontiguousarray(every.transpose(0, 2, 1))


def _answers(run: RunFolder, contract: Contract, windows: Int8) -> Int8:
    """int8 [n, outputs]: TensorFlow Lite Micro, and the integers of recurrent cells."""
    flatbuffer, log = run.flatbuffer_file.read_bytes(), run.build / "oracle.log"
    network = compiled(flatbuffer, contract)
    if network.recurrence is None:
        return run_oracle(run.flatbuffer_file, windows, log)
    stepped = SteppedReference.of(flatbuffer, network.recurrence, log)
    answers: Int8 = stepped.scores(windows, contract.window)[:, 0]
    return answers
