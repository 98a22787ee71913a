"""Golden vectors: inputs and the outputs of a reference, which every engine must give."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.artifacts import Float32, GoldenVectors, Int8
from pipeline.contract import Quantisation
from pipeline.conversion.selftest import selftest_crc, selftest_inputs
from pipeline.errors import ExitCode, PipelineError

COUNT = 1000
_EXTREMES = (-128, 127)


def make_golden(
    answer: Callable[[Int8], Int8],
    quantisation: Quantisation,
    windows: Float32,
    count: int = COUNT,
    seed: int = 1,
) -> tuple[GoldenVectors, int]:
    """`make_inputs` with the reference's outputs for them, and the self-test's CRC.

    answer: what the reference says to windows, int8 [n, T * C] to int8 [n, elements]; it is asked
    once, since it takes longer to start than to answer.
    """
    inputs = make_inputs(quantisation, windows, count, seed)
    asked = np.concatenate((inputs, selftest_inputs(inputs.shape[1])))
    outputs = answer(asked)
    return GoldenVectors(inputs, outputs[: len(inputs)]), selftest_crc(outputs[len(inputs) :])


def make_inputs(
    quantisation: Quantisation, windows: Float32, count: int = COUNT, seed: int = 1
) -> Int8:
    """int8 [count, T * C]: one half real windows, one half random bytes, in turns.

    windows: float32 [n, T, C], scaled. Where there are fewer than are needed they are used
    again, each time turned by another number of samples. The first random ones are the
    extremes: all bytes at their lowest, all at their highest.

    Raises PipelineError where there is no window at all.
    """
    if len(windows) == 0:
        raise PipelineError(
            "There are no real windows to compare the engines on.",
            "the test part of the run is empty: the dataset has too few takes",
            "record more takes, and train the run again",
        )
    random = np.random.default_rng(seed)
    length = windows.shape[1]
    real = [
        np.roll(windows[i % len(windows)], 0 if i < len(windows) else random.integers(length), 0)
        for i in range((count + 1) // 2)
    ]
    elements = windows[0].size
    noise = random.integers(-128, 128, (count // 2, elements)).astype(np.int8)
    for row, value in zip(noise, _EXTREMES, strict=False):
        row[:] = value
    inputs = np.empty((count, elements), dtype=np.int8)
    inputs[0::2] = quantise(np.array(real), quantisation).reshape(len(real), -1)
    inputs[1::2] = noise
    return inputs


def quantise(windows: Float32, quantisation: Quantisation) -> Int8:
    """Scaled float32 windows to the network's int8 input, of the same shape."""
    steps = windows.astype(np.float64) / quantisation.input_scale
    rounded = np.rint(steps) + quantisation.input_zero_point
    inputs: Int8 = np.clip(rounded, -128, 127).astype(np.int8)
    return inputs


def compare_outputs(golden: GoldenVectors, outputs: Int8, engine: str) -> None:
    """Raises PipelineError (MISMATCH) naming the first vector and byte that differ.

    outputs: int8 [n, elements], of `engine`, for the first n of the golden inputs.
    """
    expected = golden.outputs[: len(outputs)]
    if len(outputs) == 0 or outputs.shape != expected.shape:
        raise PipelineError(
            f"{engine} gave outputs of shape {outputs.shape}, not {golden.outputs.shape}.",
            "it runs another model, or stopped early",
            "convert the run again, then deploy it",
            ExitCode.MISMATCH,
        )
    different = np.argwhere(outputs != expected)
    if len(different) == 0:
        return
    vector, byte = (int(place) for place in different[0])
    vectors = len(np.unique(different[:, 0]))
    raise PipelineError(
        f"{engine} does not compute what its reference does: vector {vector}, byte {byte} is "
        f"{outputs[vector, byte]}, not {expected[vector, byte]} "
        f"({vectors} of {len(outputs)} vectors differ).",
        "a kernel, the compiler or the build is wrong, or it runs another model",
        "convert the run again; if it stays, please report it with the run's folder",
        ExitCode.MISMATCH,
    )
