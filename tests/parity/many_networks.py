"""Many networks in one program, so that hundreds are compared in one start.

The first four bytes of an input, little-endian, say which of the networks is meant. Several inputs
or outputs of a network follow each other, each from a whole word on.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np

from pipeline.compiler import CompiledNetwork
from pipeline.compiler.graph import Tensor
from pipeline.core.artifacts import Int8
from pipeline.core.files import save_text_files
from tests.compiling import objects_of, succeed
from tests.parity.host_engine import COMMAND
from tests.parity.target_engine import COMPILE, KERNELS, TARGET, build, run

NUMBER_BYTES = 4  # so that what comes after them is aligned
LIMIT_S = 300
_ARGUMENTS = "(const int8_t *input, int8_t *output)"
_HEADER = """\
#include <stdint.h>
#define MODEL_NETWORK_INPUTS {inputs}
#define MODEL_NETWORK_OUTPUTS {outputs}
void model_network_invoke{arguments};
"""
_DISPATCHER = """\
#include "model_network.h"
{callers}
static void (*const networks[]){arguments} = {{{names}}};
void model_network_invoke{arguments} {{
  networks[(uint8_t)input[0] + 256 * (uint8_t)input[1]](input + {number_bytes}, output);
}}
"""
# Buffers are as large as this network's, so that the address sanitizer sees one byte more.
_HOST = """\
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
{callers}
static void (*const networks[]){arguments} = {{{names}}};
static const size_t inputs[] = {{{inputs}}}, outputs[] = {{{outputs}}};
int main(void) {{
  uint32_t which;
  while (fread(&which, sizeof which, 1, stdin) == 1) {{
    int8_t *input = malloc(inputs[which]), *output = malloc(outputs[which]);
    if (input == NULL || output == NULL || fread(input, inputs[which], 1, stdin) != 1) {{
      return 1;
    }}
    memset(output, 0x5A, outputs[which]);
    networks[which](input, output);
    fwrite(output, outputs[which], 1, stdout);
    free(input);
    free(output);
  }}
  return 0;
}}
"""


def run_on_board(
    networks: Sequence[CompiledNetwork],
    vectors: Sequence[Int8],
    folder: Path,
    flags: tuple[str, ...],
) -> list[Int8]:
    """Of each network its outputs, int8 [vectors, elements], from one start of QEMU.

    vectors: for each network int8 [vectors, ...].
    """
    command = ("arm-none-eabi-gcc", *TARGET, *COMPILE, *flags)
    objects = _objects(networks, folder, command)
    names = [f"call_{number}" for number in range(len(networks))]
    outputs = max(_outputs(network) for network in networks)
    rows = _numbered(vectors)
    header = _HEADER.format(inputs=rows.shape[1], outputs=outputs, arguments=_ARGUMENTS)
    source = _DISPATCHER.format(
        callers=_callers(networks),
        names=", ".join(names),
        arguments=_ARGUMENTS,
        number_bytes=NUMBER_BYTES,
    )
    save_text_files(folder, {"model_network.h": header, "dispatch.c": source})
    sources = [folder / "dispatch.c", *objects, *sorted(KERNELS.glob("*.c"))]
    answers = run(folder, build(folder, "many", sources, flags), rows).outputs
    split = np.split(answers, np.cumsum([len(part) for part in vectors])[:-1])
    pairs = zip(split, networks, strict=True)
    return [part[:, _answers(network)] for part, network in pairs]


def run_on_host(
    networks: Sequence[CompiledNetwork],
    vectors: Sequence[Int8],
    folder: Path,
    flags: tuple[str, ...],
) -> list[Int8]:
    """As `run_on_board`, on this machine under the sanitizers.

    Raises RuntimeError where they find something.
    """
    command = (*COMMAND, *flags)
    objects = _objects(networks, folder, command)
    names = [f"call_{number}" for number in range(len(networks))]
    sizes = [part[0].nbytes for part in vectors]
    main = _HOST.format(
        callers=_callers(networks),
        names=", ".join(names),
        arguments=_ARGUMENTS,
        inputs=", ".join(map(str, sizes)),
        outputs=", ".join(str(_outputs(network)) for network in networks),
    )
    save_text_files(folder, {"main.c": main})
    files = [folder / "main.c", *objects, *sorted(KERNELS.glob("*.c"))]
    program, command = str(folder / "many"), (*command, f"-I{KERNELS}")
    succeed([*command, *objects_of(command, files, folder / "objects"), "-o", program])
    asked = b"".join(
        number.to_bytes(NUMBER_BYTES, "little") + vector.tobytes()
        for number, part in enumerate(vectors)
        for vector in part
    )
    result = subprocess.run(
        [program], input=asked, capture_output=True, timeout=LIMIT_S, check=False
    )
    if result.returncode:
        raise RuntimeError(result.stderr.decode("utf-8", "replace"))
    return _split(result.stdout, networks, vectors)


def _objects(
    networks: Sequence[CompiledNetwork], folder: Path, command: Sequence[str]
) -> list[Path]:
    objects = []
    for number, network in enumerate(networks):
        place = folder / str(number)
        place.mkdir(parents=True)
        save_text_files(place, network.sources)
        objects.append(place / "network.o")
        names = (
            f"-Dmodel_network_invoke=network_{number}",
            f"-Dmodel_network_reset=reset_{number}",
        )
        renamed = (*names, f"-I{place}", f"-I{KERNELS}", "-c")
        source, target = str(place / "model_network.c"), str(objects[-1])
        subprocess.run([*command, *renamed, source, "-o", target], check=True)
    return objects


def _callers(networks: Sequence[CompiledNetwork]) -> str:
    """Functions that take all inputs, and all outputs, one after the other."""
    return "\n".join(map(_caller, count(), networks))


def _caller(number: int, network: CompiledNetwork) -> str:
    inputs, outputs = inside(network)
    types = ", ".join(["const void *"] * len(inputs) + ["void *"] * len(outputs))
    places = [
        f"{name} + {start}"
        for name, tensors in (("input", inputs), ("output", outputs))
        for start in starts(tensors)[:-1]
    ]
    return (
        f"void network_{number}({types});\n"
        f"static void call_{number}{_ARGUMENTS} {{ network_{number}({', '.join(places)}); }}"
    )


def inside(network: CompiledNetwork) -> tuple[list[Tensor], list[Tensor]]:
    """Its inputs and outputs."""
    ends = (network.ends.inputs, network.ends.outputs)
    inputs, outputs = ([end.inside for end in side] for side in ends)
    return inputs, outputs


def starts(tensors: Sequence[Tensor]) -> list[int]:
    """Where each begins among all, and where the last one ends."""
    sizes = [tensor.bytes if len(tensors) == 1 else -(-tensor.bytes // 4) * 4 for tensor in tensors]
    return [sum(sizes[:number]) for number in range(len(sizes) + 1)]


def _outputs(network: CompiledNetwork) -> int:
    """Of its outputs, in bytes."""
    return starts(inside(network)[1])[-1]


def _answers(network: CompiledNetwork) -> list[int]:
    """Which of these bytes are outputs, and not between them."""
    tensors = inside(network)[1]
    return [
        first + byte
        for first, tensor in zip(starts(tensors), tensors, strict=False)
        for byte in range(tensor.bytes)
    ]


def _numbered(vectors: Sequence[Int8]) -> Int8:
    """int8 [vectors of all networks, 4 + the longest]: a number, an input, zeros."""
    longest = -(-max(part[0].nbytes for part in vectors) // NUMBER_BYTES) * NUMBER_BYTES
    rows = []
    for number, part in enumerate(vectors):
        row = np.zeros((len(part), NUMBER_BYTES + longest), np.int8)
        row[:, :NUMBER_BYTES] = np.frombuffer(number.to_bytes(NUMBER_BYTES, "little"), np.int8)
        values = part.reshape(len(part), -1).view(np.int8)
        row[:, NUMBER_BYTES : NUMBER_BYTES + values.shape[1]] = values
        rows.append(row)
    return np.concatenate(rows)


def _split(
    answered: bytes, networks: Sequence[CompiledNetwork], vectors: Sequence[Int8]
) -> list[Int8]:
    outputs, start = [], 0
    for network, part in zip(networks, vectors, strict=True):
        end = start + len(part) * _outputs(network)
        rows = np.frombuffer(answered[start:end], np.int8).reshape(len(part), -1)
        outputs.append(rows[:, _answers(network)])
        start = end
    return outputs
