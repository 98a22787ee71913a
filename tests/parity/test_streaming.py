"""A network that streams gives, at every hop, the bytes it gives for the whole window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from host_engine import HostEngine, oracle
from random_streams import StreamNetwork, random_stream, stream_for

from pipeline.compiler import CompiledNetwork, compile_network

SEEDS = range(100)
HOPS = 40


def compiled(network: StreamNetwork) -> CompiledNetwork:
    compiled = compile_network(network.flatbuffer, network.hop)
    assert compiled.obstacle is None
    assert compiled.feed == network.hop
    return compiled


def windows_of(network: StreamNetwork, stream: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The last HOPS windows, as the whole network takes them."""
    ends = range(network.window + len(stream) % 1, len(stream) + 1)
    ends = [end for end in ends if (len(stream) - end) % network.hop == 0]
    return np.stack([stream[end - network.window : end] for end in ends]).reshape(-1, *shape[1:])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_hop_gives_the_oracles_bytes_for_its_window(seed: int, engine: HostEngine) -> None:
    network = random_stream(seed)
    streaming = compiled(network)
    stream = stream_for(network, int(np.prod(streaming.input_shape)) // network.window, HOPS)
    windows = windows_of(network, stream, streaming.input_shape)
    outputs = engine.run(streaming, stream.reshape(-1, network.hop * stream.shape[1]))
    expected = oracle(network.flatbuffer, windows)
    np.testing.assert_array_equal(outputs[-len(expected) :], expected)
    whole = engine.run(compile_network(network.flatbuffer), windows)
    np.testing.assert_array_equal(whole, expected)
