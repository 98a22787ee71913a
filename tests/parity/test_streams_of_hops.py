"""A network that streams gives, at every hop, the bytes it gives for the whole window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.core.artifacts import Int8
from tests.parity.conftest import ON_TARGET
from tests.parity.host_engine import HostEngine
from tests.parity.many_networks import run_on_board, run_on_host
from tests.parity.oracle import oracle
from tests.parity.random_streams import StreamNetwork, random_stream, stream_for

SEEDS = (*range(20), 21, 28, 31, 48, 51, 54, 58, 60, 65)  # from 28 on: what few streams reach
HOPS = 40
LONG = 1000  # hops


def streaming(network: StreamNetwork) -> CompiledNetwork:
    compiled = compile_network(network.flatbuffer, hop=network.hop)
    assert compiled.obstacle is None
    assert compiled.feed == network.hop
    return compiled


def channels_of(network: StreamNetwork) -> int:
    shape = compile_network(network.flatbuffer).input_shape
    return int(np.prod(shape)) // network.window


def fed(network: StreamNetwork, stream: np.ndarray) -> np.ndarray:
    """The stream as it is handed over, int8 [hops, elements]."""
    return stream.reshape(-1, network.hop * stream.shape[1])


def expected_of(network: StreamNetwork, stream: np.ndarray) -> np.ndarray:
    """The oracle's outputs for all windows that end with a hop."""
    first = network.window + (len(stream) - network.window) % network.hop
    ends = range(first, len(stream) + 1, network.hop)
    shape = compile_network(network.flatbuffer).input_shape[1:]
    windows = np.stack([stream[end - network.window : end] for end in ends])
    return oracle(network.flatbuffer, windows.reshape(-1, *shape))


def test_the_random_streams_reach_every_path() -> None:
    texts = [streaming(random_stream(seed)).sources["model_network.c"] for seed in SEEDS]
    for kernel in (
        *("stream_conv1d", "stream_conv1d_relu", "stream_append", "stream_mean_add"),
        *("stream_mean_quads_add", "depthwise_conv2d", "conv2d", "max_pool2d", "average_pool2d"),
        *("add", "lookup", "mean"),
    ):
        assert sum(f"  nn_{kernel}(" in text for text in texts) >= 3, kernel
    for field in (".runs = 3", ".fresh = 4", ".history = 0", ".channels_in = 5", "window_columns"):
        assert any(field in text for text in texts), field


@pytest.mark.parametrize(
    ("name", "window", "hop"),
    [
        *(("gesture", 112, 4), ("dilated", 112, 8), ("dilated", 112, 6), ("flattened", 64, 3)),
        *(("tcn", 112, 8), ("ds_conv1d", 112, 8), ("rocket", 112, 8)),
    ],
)
def test_thousands_of_hops_of_a_converted_network(
    name: str, window: int, hop: int, keras_models: Path, engine: HostEngine
) -> None:
    network = StreamNetwork((keras_models / f"{name}.tflite").read_bytes(), window, hop)
    stream = stream_for(network, channels_of(network), LONG)
    expected = expected_of(network, stream)
    assert len(np.unique(expected, axis=0)) > 50, "the outputs hardly depend on the stream"
    outputs = engine.run(streaming(network), fed(network, stream))
    np.testing.assert_array_equal(outputs[-len(expected) :], expected)


@pytest.mark.usefixtures("host_compiler")
def test_every_hop_gives_the_oracles_bytes_for_its_window(tmp_path: Path) -> None:
    assert_equal_at_every_hop(lambda *n: run_on_host(*n, tmp_path, ("-O1",)))


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("flags", ON_TARGET, ids=" ".join)
def test_every_hop_gives_them_on_the_board(flags: tuple[str, ...], tmp_path: Path) -> None:
    assert_equal_at_every_hop(lambda *n: run_on_board(*n, tmp_path, flags))


def assert_equal_at_every_hop(run: Callable[..., list[Int8]]) -> None:
    networks = [random_stream(seed) for seed in SEEDS]
    streams = [stream_for(network, channels_of(network), HOPS) for network in networks]
    inputs = [fed(*pair) for pair in zip(networks, streams, strict=True)]
    outputs = run([streaming(network) for network in networks], inputs)
    for seed, network, stream, found in zip(SEEDS, networks, streams, outputs, strict=True):
        expected = expected_of(network, stream)
        np.testing.assert_array_equal(found[-len(expected) :], expected, f"seed {seed}")


def test_what_streams_needs_less(keras_models: Path) -> None:
    flatbuffer = (keras_models / "dilated.tflite").read_bytes()
    whole, hop = compile_network(flatbuffer), compile_network(flatbuffer, hop=8)
    assert sum(layer.macs for layer in hop.layers) * 6 < sum(layer.macs for layer in whole.layers)
    assert [layer.operator for layer in hop.layers] == [
        "CONV_2D + MAX_POOL_2D",
        *("CONV_2D",) * 3,
        "(keeps what is new)",
        "MEAN",
        "FULLY_CONNECTED",
        "SOFTMAX",
    ]


@pytest.mark.parametrize(
    ("name", "hop", "words"),
    [
        ("padded", 8, ("`second`", "pads", "padding='valid'")),
        ("dilated", 7, ("`pool1`", "every 2 samples", "a hop is 7", "multiple of 2")),
        ("flattened", 8, ("`pool`", "every 3 samples", "a hop is 8")),
        ("dense", 8, ("`dense", "whole window")),
        ("strides_and_dilations", 8, ("`conv1d", "pads")),
        ("dense_rows", 4, ("`softmax`", "every position in time")),
    ],
)
def test_what_keeps_a_network_from_streaming_is_named(
    name: str, hop: int, words: tuple[str, ...], keras_models: Path
) -> None:
    flatbuffer = (keras_models / f"{name}.tflite").read_bytes()
    network = compile_network(flatbuffer, hop=hop)
    assert network.obstacle is not None
    for word in words:
        assert word in network.obstacle
    assert network.sources == compile_network(flatbuffer).sources
    assert network.feed == network.input_shape[1]
