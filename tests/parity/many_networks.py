"""Many networks in one program, so that hundreds are compared in one start.

The first four bytes of an input, little-endian, say which of the networks is meant.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.compiler import CompiledNetwork
from pipeline.core.artifacts import Int8
from pipeline.core.files import save_text_files
from tests.compiling import objects_of, succeed
from tests.parity.target_engine import COMPILE, KERNELS, TARGET, build, run

NUMBER_BYTES = 4  # so that what comes after them is aligned
LIMIT_S = 300
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
_ARGUMENTS = "(const int8_t *input, int8_t *output)"
_HEADER = """\
#include <stdint.h>
#define MODEL_NETWORK_INPUTS {inputs}
#define MODEL_NETWORK_OUTPUTS {outputs}
void model_network_invoke{arguments};
"""
_DISPATCHER = """\
#include "model_network.h"
{prototypes}
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
{prototypes}
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
    names = [f"network_{number}" for number in range(len(networks))]
    outputs = max(_outputs(network) for network in networks)
    rows = _numbered(vectors)
    header = _HEADER.format(inputs=rows.shape[1], outputs=outputs, arguments=_ARGUMENTS)
    source = _DISPATCHER.format(
        prototypes=_prototypes(names),
        names=", ".join(names),
        arguments=_ARGUMENTS,
        number_bytes=NUMBER_BYTES,
    )
    save_text_files(folder, {"model_network.h": header, "dispatch.c": source})
    sources = [folder / "dispatch.c", *objects, *sorted(KERNELS.glob("*.c"))]
    answers = run(folder, build(folder, "many", sources, flags), rows).outputs
    split = np.split(answers, np.cumsum([len(part) for part in vectors])[:-1])
    pairs = zip(split, networks, strict=True)
    return [part[:, : _outputs(network)] for part, network in pairs]


def run_on_host(
    networks: Sequence[CompiledNetwork],
    vectors: Sequence[Int8],
    folder: Path,
    flags: tuple[str, ...],
) -> list[Int8]:
    """As `run_on_board`, on this machine under the sanitizers.

    Raises RuntimeError where they find something.
    """
    command: tuple[str, ...] = (
        "gcc",
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Werror",
        *SANITIZERS,
    )
    objects = _objects(networks, folder, (*command, *flags))
    names = [f"network_{number}" for number in range(len(networks))]
    sizes = [part[0].nbytes for part in vectors]
    main = _HOST.format(
        prototypes=_prototypes(names),
        names=", ".join(names),
        arguments=_ARGUMENTS,
        inputs=", ".join(map(str, sizes)),
        outputs=", ".join(str(_outputs(network)) for network in networks),
    )
    save_text_files(folder, {"main.c": main})
    files = [folder / "main.c", *objects, *sorted(KERNELS.glob("*.c"))]
    program, command = str(folder / "many"), (*command, *flags, f"-I{KERNELS}")
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


def _prototypes(names: Sequence[str]) -> str:
    return "\n".join(f"void {name}{_ARGUMENTS};" for name in names)


def _outputs(network: CompiledNetwork) -> int:
    """Of its output, in bytes."""
    return int(np.prod(network.output_shape)) * np.dtype(network.types[1].lower()).itemsize


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
        outputs.append(np.frombuffer(answered[start:end], np.int8).reshape(len(part), -1))
        start = end
    return outputs
