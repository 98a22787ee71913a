"""Many networks in one image of the emulated Cortex-M4F, which is started once for all of them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.engine_build import COMPILE, KERNELS, TARGET, build, run
from pipeline.artifacts import save_text_files
from pipeline.compiler import CompiledNetwork

ARGUMENTS = "(const int8_t *input, int8_t *output)"


def run_together(
    networks: Sequence[CompiledNetwork],
    inputs: Sequence[np.ndarray],
    folder: Path,
    flags: Sequence[str],
) -> list[np.ndarray]:
    """Each network's outputs for its own inputs, [calls, elements], in their order; outputs are
    filled up with what is left of longer ones. At most 128 networks."""
    rows = numbered(inputs)
    longest = max(int(np.prod(network.output_shape)) for network in networks)
    save_text_files(folder, dispatcher(len(networks), rows.shape[1], longest))
    objects = [built(network, i, folder, flags) for i, network in enumerate(networks)]
    sources = [folder / "dispatch.c", *objects, *sorted(KERNELS.glob("*.c"))]
    outputs = run(folder, build(folder, "all", sources, flags), rows).outputs
    ends = np.cumsum([len(calls) for calls in inputs])
    return np.split(outputs, ends[:-1])


def built(network: CompiledNetwork, number: int, folder: Path, flags: Sequence[str]) -> Path:
    place = folder / str(number)
    place.mkdir()
    save_text_files(place, network.sources)
    names = [f"-Dmodel_network_{name}={name}_{number}" for name in ("invoke", "reset")]
    command = ["arm-none-eabi-gcc", *TARGET, *COMPILE, *flags, *names, f"-I{place}", f"-I{KERNELS}"]
    source, target = str(place / "model_network.c"), place / "network.o"
    subprocess.run([*command, "-c", source, "-o", str(target)], check=True)
    return target


def dispatcher(networks: int, inputs: int, outputs: int) -> dict[str, str]:
    """The first byte of an input says which network is meant."""
    names = [f"invoke_{number}" for number in range(networks)]
    header = f"""\
#include <stdint.h>
#define MODEL_NETWORK_INPUTS {inputs}
#define MODEL_NETWORK_OUTPUTS {outputs}
void model_network_invoke{ARGUMENTS};
"""
    prototypes = "\n".join(f"void {name}{ARGUMENTS};" for name in names)
    source = f"""\
#include "model_network.h"
{prototypes}
static void (*const networks[]){ARGUMENTS} = {{{", ".join(names)}}};
void model_network_invoke{ARGUMENTS} {{ networks[input[0]](input + 1, output); }}
"""
    return {"model_network.h": header, "dispatch.c": source}


def numbered(inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Rows int8 [all calls, 1 + the longest input]: a number, an input, zeros."""
    longest = max(calls[0].size for calls in inputs)
    rows = np.zeros((sum(map(len, inputs)), 1 + longest), np.int8)
    at = 0
    for number, calls in enumerate(inputs):
        rows[at : at + len(calls), 0] = number
        rows[at : at + len(calls), 1 : 1 + calls[0].size] = calls.reshape(len(calls), -1)
        at += len(calls)
    return rows
