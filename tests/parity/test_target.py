"""On the emulated Cortex-M4F: networks give the oracle's bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import compile_network
from tests.parity.edge_graphs import edge_flatbuffers
from tests.parity.host_engine import vectors_for
from tests.parity.many_networks import run_on_board
from tests.parity.oracle import oracle
from tests.parity.random_graphs import (
    random_depthwise,
    random_network,
    random_padded,
    random_picture,
    random_sequence,
)
from tests.parity.random_windows import random_windows
from tests.parity.target_engine import FLAGS

pytestmark = pytest.mark.usefixtures("qemu")
# Seeds; those behind the ranges reach what few networks do, 174 a pool of 2 by 2.
SEQUENCES, PICTURES = (*range(16), 17, 25, 26, 31, 44), (*range(14), 16, 19, 25, 26, 33, 174)
OTHERS, COMPACT = range(10), range(14)  # COMPACT: of sequences and of pictures
DEPTHWISE, PADDED, WINDOWS = range(16), range(8), range(12)
VECTORS = 24


def random_flatbuffers() -> list[tuple[bytes, bool]]:
    """Flatbuffers, and whether they are to be compact."""
    usual = [
        *map(random_sequence, SEQUENCES),
        *map(random_picture, PICTURES),
        *map(random_network, OTHERS),
        *map(random_depthwise, DEPTHWISE),
        *map(random_padded, PADDED),
        *map(random_windows, WINDOWS),
    ]
    compact = [
        *map(random_sequence, COMPACT),
        *map(random_picture, COMPACT),
        *map(random_depthwise, COMPACT),
    ]
    return [(data, False) for data in usual] + [(data, True) for data in compact]


@pytest.mark.parametrize("kind", [random_flatbuffers, edge_flatbuffers])
@pytest.mark.parametrize("flags", FLAGS, ids=" ".join)
def test_networks_give_the_oracles_bytes(
    flags: tuple[str, ...], kind: Callable[[], list[tuple[bytes, bool]]], tmp_path: Path
) -> None:
    flatbuffers = kind()
    networks = [compile_network(data, compact) for data, compact in flatbuffers]
    inputs = [vectors_for(network, VECTORS) for network in networks]
    outputs = run_on_board(networks, inputs, tmp_path, flags)
    for number, ours in enumerate(outputs):
        expected = oracle(flatbuffers[number][0], inputs[number])
        np.testing.assert_array_equal(ours, expected, str(number))


def test_the_random_networks_reach_every_path_of_the_sequence_kernels() -> None:
    texts = [
        compile_network(data, compact).sources["model_network.c"]
        for data, compact in random_flatbuffers()
    ]
    for part in (
        *("conv1d", "conv1d_mean", "conv1d_relu", "conv1d_relu_mean", "fully_connected"),
        *("conv1d_compact", "conv1d_compact_mean", "conv2d", "conv2d_mean", "conv2d_any"),
        *("depthwise_conv2d", "depthwise_3x3", "depthwise_rows"),
    ):
        assert sum(f"  nn_{part}(" in text for text in texts) >= 3, part
    fields = (".runs = 3", ".pool = 2", ".pool = 3", ".padding = 0", ".run = 1", ".columns = 2")
    for field in (*fields, ".multiplier = 2", ".pool = {.height = 2, .width = 2}"):
        assert any(f"{field}," in text for text in texts), field
