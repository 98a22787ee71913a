"""Runs compiled networks on this machine, under the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.compiler import CompiledNetwork, compile_network
from tests.compiling import objects_of, succeed
from tests.parity.oracle import oracle

ROOT = Path(__file__).resolve().parents[2]
KERNELS = ROOT / "firmware" / "lib" / "nn"
RUNNER = Path(__file__).with_name("runner.c")
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
LIMIT_S = 300.0


COMMAND = ("gcc", *WARNINGS, *SANITIZERS, "-g1")
ENGINE_COMMAND = (*COMMAND, "-O1")


def kernels(folder: Path) -> list[str]:
    """Objects of all kernels."""
    return objects_of(ENGINE_COMMAND, sorted(KERNELS.glob("*.c")), folder)


@dataclass(frozen=True)
class HostEngine:
    """`run` compiles a network in `folder`, links it with the kernels' objects and feeds it."""

    folder: Path
    objects: list[str]

    def run(self, network: CompiledNetwork, inputs: np.ndarray, reset_after: int = 0) -> np.ndarray:
        """Outputs int8 [vectors, elements]; fails where a sanitizer finds something. reset_after:
        so many inputs, 0 for never."""
        for name, text in network.sources.items():
            (self.folder / name).write_text(text)
        program = self.folder / "network"
        source = self.folder / "model_network.c"
        includes = [f"-I{self.folder}", f"-I{KERNELS}"]
        files = [str(RUNNER), str(source), *self.objects]
        succeed([*ENGINE_COMMAND, *includes, *files, "-o", str(program)])
        command = [str(program), str(reset_after)]
        result = subprocess.run(
            command, input=inputs.tobytes(), capture_output=True, timeout=LIMIT_S, check=False
        )
        assert result.returncode == 0, result.stderr.decode()
        return np.frombuffer(result.stdout, np.int8).reshape(len(inputs), -1)


def vectors_for(network: CompiledNetwork, count: int, seed: int = 1) -> np.ndarray:
    """Noise of every loudness around the zero point, the extremes, and extremes mixed."""
    random = np.random.default_rng(seed)
    shape = (count, *network.input_shape[1:])
    loudness = random.uniform(0.5, 128, (count, *(1,) * (len(shape) - 1)))
    source = network.ends.inputs[0].outside
    centre = source.zero_point
    dtype = np.dtype(source.dtype.lower())
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    loudness *= max(high // 127, 1) if dtype.itemsize < 4 else 500
    vectors = np.clip(np.rint(random.normal(centre, loudness, shape)), low, high)
    vectors[0], vectors[1], vectors[2] = low, high, centre
    vectors[3] = random.choice([low, high], shape[1:])
    return vectors.astype(dtype)


def assert_parity(
    engine: HostEngine, flatbuffer: bytes, count: int = 60, compact: bool = False
) -> np.ndarray:
    """That the compiled network gives the oracle's bytes; returns them."""
    network = compile_network(flatbuffer, compact)
    inputs = vectors_for(network, count)
    expected = oracle(flatbuffer, inputs)
    np.testing.assert_array_equal(engine.run(network, inputs), expected)
    return expected
