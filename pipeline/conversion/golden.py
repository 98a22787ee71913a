"""Golden vectors: inputs and the outputs of the reference. Every engine must give the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.conversion.c_source import selftest_crc, selftest_inputs
from pipeline.core.artifacts import Float32, GoldenVectors, Int8
from pipeline.core.contract import Quantization
from pipeline.core.errors import MismatchError, PipelineError

COUNT = 1000
_EXTREMES = (-128, 127)


def make_golden(
    reference: Callable[[Int8], Int8],
    quantization: Quantization,
    windows: Float32,
    count: int = COUNT,
    seed: int = 1,
) -> tuple[GoldenVectors, int]:
    """Golden vectors, and the CRC of the self-test.

    Args:
        reference: int8 [n, T * C] to int8 [n, elements]. It is called once, because its start takes
            longer than its work.
        windows: real inputs, float32 [n, T, C], scaled.
    """
    inputs = make_inputs(quantization, windows, count, seed)
    outputs = reference(np.concatenate((inputs, selftest_inputs(inputs.shape[1]))))
    return GoldenVectors(inputs, outputs[: len(inputs)]), selftest_crc(outputs[len(inputs) :])


def make_inputs(
    quantization: Quantization, windows: Float32, count: int = COUNT, seed: int = 1
) -> Int8:
    """Inputs of golden vectors, int8 [count, T * C]: real windows and random bytes in turn.

    If there are too few windows, they are used again, rotated in time. The first two random inputs
    are the extremes: all bytes at the lowest value, all at the highest.
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
    inputs[0::2] = to_int8(np.array(real), quantization).reshape(len(real), -1)
    inputs[1::2] = noise
    return inputs


def to_int8(windows: Float32, quantization: Quantization) -> Int8:
    """Quantize scaled float32 windows as the network's input; the shape stays."""
    steps = windows.astype(np.float64) / quantization.input_scale
    rounded = np.rint(steps) + quantization.input_zero_point
    inputs: Int8 = np.clip(rounded, -128, 127).astype(np.int8)
    return inputs


def compare_outputs(golden: GoldenVectors, outputs: Int8, engine: str) -> None:
    """Compare the outputs of an engine with the first golden vectors; MISMATCH names the byte."""
    expected = golden.outputs[: len(outputs)]
    if len(outputs) == 0 or outputs.shape != expected.shape:
        raise MismatchError(
            f"{engine} gave outputs of shape {outputs.shape}, not {golden.outputs.shape}.",
            "it runs another model, or stopped early",
            "convert the run again, then deploy it",
        )
    different = np.argwhere(outputs != expected)
    if len(different) == 0:
        return
    vector, byte = (int(place) for place in different[0])
    vectors = len(np.unique(different[:, 0]))
    raise MismatchError(
        f"{engine} does not compute what its reference does: vector {vector}, byte {byte} is "
        f"{outputs[vector, byte]}, not {expected[vector, byte]} "
        f"({vectors} of {len(outputs)} vectors differ).",
        "a kernel, the compiler or the build is wrong, or it runs another model",
        "convert the run again; if it stays, please report it with the run's folder",
    )
