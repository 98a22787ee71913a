"""The ahead-of-time compiler: an int8 .tflite model in, C text out.

It emits constants and direct calls to the kernels of firmware/lib/nn; the C gives the same bytes
as TensorFlow Lite Micro. Pure: the same flatbuffer always gives the same text.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.compiler.emit import emit_header, emit_source
from pipeline.compiler.fuse import fuse
from pipeline.compiler.graph import Graph, without_views
from pipeline.compiler.layers import Layer
from pipeline.compiler.lower import lower
from pipeline.compiler.plan import plan
from pipeline.compiler.reader import read_graph
from pipeline.contract import Quantisation

MAX_WEIGHT_BYTES = 2**20  # all flash of the boards this is for


@dataclass(frozen=True)
class LayerCost:
    """operator: all that were fused, joined by ` + `; macs: multiply-accumulates an inference."""

    name: str
    operator: str
    macs: int
    output_shape: tuple[int, ...]


@dataclass(frozen=True)
class CompiledNetwork:
    """sources: `model_network.h` and `model_network.c`, to be built with firmware/lib/nn.

    arena_bytes: static RAM, without the caller's input and output. weight_bytes: constants.
    """

    sources: dict[str, str]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    quantisation: Quantisation
    arena_bytes: int
    weight_bytes: int
    layers: tuple[LayerCost, ...]


def compile_network(flatbuffer: bytes, compact: bool = False) -> CompiledNetwork:
    """compact: in less memory, for more instructions: convolutions read int8 as it is, instead of
    widening it first; weights are stored in one byte each, sums for few positions at a time.

    Raises PipelineError for a damaged file, and, by operator and layer, for what the engine does
    not support.
    """
    graph = without_views(read_graph(flatbuffer))
    layers = _layers(graph, compact)
    memory = plan(layers, graph.input, graph.output)
    return CompiledNetwork(
        sources={
            "model_network.h": emit_header(graph, layers),
            "model_network.c": emit_source(graph, layers, memory),
        },
        input_shape=graph.input.shape,
        output_shape=graph.output.shape,
        quantisation=_quantisation(graph),
        arena_bytes=memory.arena_bytes,
        weight_bytes=sum(layer.weight_bytes for layer in layers),
        layers=tuple(_cost(layer) for layer in layers),
    )


def _layers(graph: Graph, compact: bool) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    left = MAX_WEIGHT_BYTES
    for step in fuse(graph, compact):
        layers.append(lower(step))
        left -= layers[-1].weight_bytes
        if left < 0:
            raise step.operator.refuse(f"the weights up to here pass {MAX_WEIGHT_BYTES} bytes")
    return tuple(layers)


def _cost(layer: Layer) -> LayerCost:
    return LayerCost(layer.name, " + ".join(layer.operators), layer.macs, layer.output.shape)


def _quantisation(graph: Graph) -> Quantisation:
    return Quantisation(
        input_scale=graph.input.scale,
        input_zero_point=graph.input.zero_point,
        output_scale=graph.output.scale,
        output_zero_point=graph.output.zero_point,
    )
