"""On the emulated Cortex-M4F: networks give the oracle's bytes, the comparison network within its
bounds."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from host_engine import oracle, vectors_for
from random_graphs import random_network, random_picture, random_sequence

from benchmarks.engine import MODELS, measure
from benchmarks.engine_build import COMPILE, KERNELS, PORTABLE, TARGET, build, model, run
from benchmarks.render import meets
from pipeline.artifacts import save_text_files
from pipeline.compiler import CompiledNetwork, compile_network

pytestmark = [pytest.mark.usefixtures("qemu"), pytest.mark.xdist_group("keras")]
SEQUENCES, PICTURES, OTHERS = range(70), range(80), range(50)  # seeds
COMPACT = range(25)  # seeds of sequences and pictures; a byte numbers all networks
VECTORS = 24


@pytest.mark.parametrize("prefix", ["conv1d window", "dense"])
def test_the_comparison_networks_keep_their_bounds(prefix: str, tmp_path: Path) -> None:
    rows = measure(tmp_path, prefix, model(tmp_path, MODELS[prefix]))
    assert {row["name"] for row in rows} >= {f"{prefix} instructions O2", f"{prefix} ram"}
    for row in rows:
        assert not row["bound"] or meets(row["value"], row["bound"]), row


def build_all(networks: list[CompiledNetwork], folder: Path, flags: tuple[str, ...]) -> list[Path]:
    """All networks as one: the first byte of an input says which of them is meant."""
    objects = []
    for number, network in enumerate(networks):
        place = folder / str(number)
        place.mkdir()
        save_text_files(place, network.sources)
        objects.append(place / "network.o")
        renamed = (f"-Dmodel_network_invoke=network_{number}", f"-I{place}", f"-I{KERNELS}")
        command = ["arm-none-eabi-gcc", *TARGET, *COMPILE, *flags, *renamed, "-c"]
        source, target = str(place / "model_network.c"), str(objects[-1])
        subprocess.run([*command, source, "-o", target], check=True)
    save_text_files(folder, dispatcher(networks))
    return [folder / "dispatch.c", *objects]


def dispatcher(networks: list[CompiledNetwork]) -> dict[str, str]:
    inputs = 1 + max(int(np.prod(network.input_shape)) for network in networks)
    outputs = max(int(np.prod(network.output_shape)) for network in networks)
    names = [f"network_{number}" for number in range(len(networks))]
    arguments = "(const int8_t *input, int8_t *output)"
    header = f"""\
#include <stdint.h>
#define MODEL_NETWORK_INPUTS {inputs}
#define MODEL_NETWORK_OUTPUTS {outputs}
void model_network_invoke{arguments};
"""
    prototypes = "\n".join(f"void {name}{arguments};" for name in names)
    source = f"""\
#include "model_network.h"
{prototypes}
static void (*const networks[]){arguments} = {{{", ".join(names)}}};
void model_network_invoke{arguments} {{ networks[(uint8_t)input[0]](input + 1, output); }}
"""
    return {"model_network.h": header, "dispatch.c": source}


def numbered(networks_inputs: list[np.ndarray]) -> np.ndarray:
    """Inputs int8 [vectors of all networks, 1 + the longest]: a number, an input, zeros."""
    longest = max(vectors[0].size for vectors in networks_inputs)
    rows = np.zeros((len(networks_inputs), VECTORS, 1 + longest), np.int8)
    for number, vectors in enumerate(networks_inputs):
        rows[number, :, 0] = np.uint8(number).astype(np.int8)
        rows[number, :, 1 : 1 + vectors[0].size] = vectors.reshape(VECTORS, -1)
    return rows.reshape(-1, 1 + longest)


def random_flatbuffers() -> list[tuple[bytes, bool]]:
    """Flatbuffers, and whether they are to be compact."""
    usual = [
        *map(random_sequence, SEQUENCES),
        *map(random_picture, PICTURES),
        *map(random_network, OTHERS),
    ]
    compact = [*map(random_sequence, COMPACT), *map(random_picture, COMPACT)]
    return [(data, False) for data in usual] + [(data, True) for data in compact]


@pytest.mark.parametrize("flags", [("-O2",), ("-Os",), ("-O0",), ("-O2", *PORTABLE)], ids=" ".join)
def test_random_networks_give_the_oracles_bytes(flags: tuple[str, ...], tmp_path: Path) -> None:
    flatbuffers = random_flatbuffers()
    networks = [compile_network(data, compact) for data, compact in flatbuffers]
    sources = build_all(networks, tmp_path, flags)
    image = build(tmp_path, "all", [*sources, *sorted(KERNELS.glob("*.c"))], flags)
    inputs = [vectors_for(network, VECTORS) for network in networks]
    outputs = run(tmp_path, image, numbered(inputs)).outputs
    rows = outputs.reshape(len(networks), VECTORS, -1)
    for number, ((flatbuffer, _), vectors) in enumerate(zip(flatbuffers, inputs, strict=True)):
        expected = oracle(flatbuffer, vectors)
        np.testing.assert_array_equal(rows[number, :, : expected.shape[1]], expected, str(number))


def test_the_random_networks_reach_every_path_of_the_sequence_kernels() -> None:
    texts = [
        compile_network(data, compact).sources["model_network.c"]
        for data, compact in random_flatbuffers()
    ]
    for part in (
        *("conv1d", "conv1d_mean", "conv1d_relu", "conv1d_relu_mean", "fully_connected"),
        *("conv1d_compact", "conv1d_compact_mean", "conv2d", "conv2d_any", "depthwise_conv2d"),
    ):
        assert sum(f"  nn_{part}(" in text for text in texts) >= 5, part
    fields = (".runs = 3", ".pool = 2", ".pool = 3", ".padding = 0", ".run = 1", ".columns = 2")
    for field in (*fields, ".multiplier = 2", ".pool = {.height = 2, .width = 2}"):
        assert any(f"{field}," in text for text in texts), field
