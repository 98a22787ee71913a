"""On the emulated Cortex-M4F: networks give the oracle's bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import compile_network
from tests.parity.conftest import ON_TARGET
from tests.parity.edge_graphs import edge_flatbuffers
from tests.parity.host_engine import vectors_for
from tests.parity.many_networks import run_on_board
from tests.parity.oracle import oracle
from tests.parity.random_graphs import (
    drawn,
    random_depthwise,
    random_network,
    random_padded,
    random_picture,
    random_sequence,
)
from tests.parity.random_windows import random_windows

pytestmark = pytest.mark.usefixtures("qemu")
# Seeds of each kind; those behind the ranges reach what few networks do, 174 a pool of 2 by 2.
SOME = {
    random_sequence: (*range(6), 17, 25, 26, 31),
    random_picture: (0, 1, 5, 13, 16, 19, 33, 174),
    random_network: range(4),
    random_depthwise: (0, 1, 8, 10, 13),
    random_padded: range(3),
    random_windows: (0, 1, 8),
}
SOME_COMPACT = {random_sequence: (0, 3, 12), random_picture: (0, 13), random_depthwise: (0, 1)}
MANY = {
    random_sequence: (*range(16), 17, 25, 26, 31, 44),
    random_picture: (*range(14), 16, 19, 25, 26, 33, 174),
    random_network: range(10),
    random_depthwise: range(16),
    random_padded: range(8),
    random_windows: range(12),
}
MANY_COMPACT = dict.fromkeys((random_sequence, random_picture, random_depthwise), range(14))
VECTORS = 24


def some_flatbuffers() -> list[tuple[bytes, bool]]:
    return drawn(SOME, SOME_COMPACT)


def many_flatbuffers() -> list[tuple[bytes, bool]]:
    return drawn(MANY, MANY_COMPACT)


@pytest.mark.parametrize(
    "kind",
    [some_flatbuffers, pytest.param(many_flatbuffers, marks=pytest.mark.soak), edge_flatbuffers],
)
@pytest.mark.parametrize("flags", ON_TARGET, ids=" ".join)
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
        for data, compact in some_flatbuffers()
    ]
    for part in (
        *("conv1d", "conv1d_mean", "conv1d_relu", "conv1d_relu_mean"),
        *("fully_connected", "fully_connected_blocks"),
        *("conv1d_compact", "conv1d_compact_mean", "conv2d", "conv2d_mean", "conv2d_any"),
        *("depthwise_conv2d", "depthwise_3x3", "depthwise_rows"),
    ):
        assert sum(f"  nn_{part}(" in text for text in texts) >= 3, part
    fields = (".runs = 3", ".pool = 2", ".pool = 3", ".padding = 0", ".run = 1", ".columns = 2")
    for field in (*fields, ".multiplier = 2", ".pool = {.height = 2, .width = 2}"):
        assert any(f"{field}," in text for text in texts), field
