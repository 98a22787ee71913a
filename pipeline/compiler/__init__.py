"""The ahead-of-time compiler: an int8 .tflite model in, C text out.

It emits constants and direct calls to the kernels of firmware/lib/nn; the C gives the same bytes
as TensorFlow Lite Micro. Pure: the same flatbuffer always gives the same text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.cells.operators import Recurrence
from pipeline.compiler.cost import kernel_symbols, network_cost
from pipeline.compiler.emit import emit_header, emit_source
from pipeline.compiler.ends import Ends, unconverted
from pipeline.compiler.features import last_features
from pipeline.compiler.fuse import Step, fuse
from pipeline.compiler.graph import Graph, ModelRefusalError, OperatorRefusalError
from pipeline.compiler.layers import Layer, Program
from pipeline.compiler.lower import lower
from pipeline.compiler.memory_plan import plan
from pipeline.compiler.obstacles import every_obstacle
from pipeline.compiler.reader import read_network
from pipeline.compiler.recurrent import (
    receptive_field_of,
    recurrence_of,
    stream_program,
    window_program,
)
from pipeline.compiler.simplify import simplified
from pipeline.compiler.stream import CannotStreamError, samples_of, stream
from pipeline.core.contract import FeatureScale, Quantization
from pipeline.core.costs import LayerCost, NetworkCost

MAX_WEIGHT_BYTES = 16 * 2**20  # more flash than microcontrollers have


@dataclass(frozen=True)
class CompiledNetwork:
    """The C of a network, and facts about it.

    Args:
        sources: `model_network.h` and `model_network.c`, to be built with firmware/lib/nn.
        input_shape, output_shape, quantization: of the first input and output.
        symbols: functions and tables of its kernels, and the bytes of each.
        feed: input samples of one inference: a window, or a hop where the network streams.
        obstacle: why the network does not stream; None where it streams, or without a hop.
        recurrence: the cells of a recurrent network; pipeline/cells/arithmetic.py defines their
            bytes.
        keeps_state: what a run gives depends on those before it, since the last reset.
        types: of the first input's and of the first output's numbers.
        features: what the last dense layers of a classifier are given, where that was to be kept.
        ends: what the model's own inputs and outputs are. The network itself takes and gives int8.
    """

    sources: dict[str, str]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    quantization: Quantization
    ends: Ends
    cost: NetworkCost
    symbols: Mapping[str, int]
    feed: int
    obstacle: str | None = None
    recurrence: Recurrence | None = None
    keeps_state: bool = False
    types: tuple[str, str] = ("INT8", "INT8")
    features: tuple[FeatureScale, ...] = ()

    @property
    def layers(self) -> tuple[LayerCost, ...]:
        """The cost of each layer."""
        return self.cost.layers

    @property
    def arena_bytes(self) -> int:
        """Static RAM, without the caller's input and output."""
        return self.cost.arena_bytes


def compile_network(
    flatbuffer: bytes,
    compact: bool = False,
    hop: int | None = None,
    window: int | None = None,
    keep_state: bool = False,
    keep_features: bool = False,
) -> CompiledNetwork:
    """Compile an int8 .tflite model to C.

    Args:
        compact: use less memory and more instructions. Convolutions read int8 instead of widened
            input, weights take one byte each, and few positions are computed at a time.
        hop: in samples. The network streams where it can: it takes only new samples, and its bytes
            are the same.
        window: in samples, of a recurrent network; None for its receptive field.
        keep_state: a recurrent network keeps its states from one hop to the next.
        keep_features: what the last dense layers are given may be read after a run.

    Raises:
        PipelineError: the file is damaged, or the engine does not support some operators; the error
            names all of them, with their layers.
    """
    with np.errstate(over="ignore"):  # what is not finite then is refused
        try:
            return _compile(flatbuffer, compact, hop, window, keep_state, keep_features)
        except (OperatorRefusalError, ModelRefusalError) as error:
            raise every_obstacle(flatbuffer, error) from None


def _compile(
    flatbuffer: bytes,
    compact: bool,
    hop: int | None,
    window: int | None,
    keep_state: bool,
    keep_features: bool,
) -> CompiledNetwork:
    read, ends = read_network(flatbuffer)
    graph = simplified(read)
    if graph.cells:
        window = window or receptive_field_of(graph)
        kept_hop = hop if keep_state else None
        network = _recurrent(graph, compact, kept_hop, window, keep_features)
    else:
        network = _feed_forward(graph, compact, hop, keep_features)
    return replace(network, ends=ends)


def _feed_forward(
    graph: Graph, compact: bool, hop: int | None, keep_features: bool
) -> CompiledNetwork:
    steps = fuse(graph, compact)
    windowed = Program(graph.inputs, graph.outputs, _layers(steps), variables=graph.variables)
    if hop is None:
        return _compiled(graph, windowed, keep_features)
    try:
        return _compiled(graph, stream(graph, steps, hop), keep_features, feed=hop)
    except CannotStreamError as error:
        return _compiled(graph, windowed, keep_features, obstacle=str(error))


def _recurrent(
    graph: Graph, compact: bool, hop: int | None, window: int, keep_features: bool
) -> CompiledNetwork:
    program = (
        window_program(graph, window, compact)
        if hop is None
        else stream_program(graph, window, hop, compact)
    )
    compiled = _compiled(graph, program, keep_features, feed=hop or window)
    return replace(
        compiled,
        input_shape=(1, window, graph.input.shape[-1]),
        obstacle="its states are reset for each window" if hop is None else None,
        recurrence=recurrence_of(graph),
    )


def _compiled(
    graph: Graph,
    program: Program,
    keep_features: bool,
    feed: int | None = None,
    obstacle: str | None = None,
) -> CompiledNetwork:
    features = last_features(program) if keep_features else ()
    memory = plan(program, features)
    return CompiledNetwork(
        sources={
            "model_network.h": emit_header(program, features),
            "model_network.c": emit_source(program, memory, features),
        },
        input_shape=graph.input.shape,
        output_shape=graph.output.shape,
        quantization=_quantization(graph),
        ends=unconverted(graph.inputs, graph.outputs),
        cost=network_cost(program, memory),
        symbols=kernel_symbols(program),
        feed=feed or samples_of(graph),
        obstacle=obstacle,
        keeps_state=program.streams,
        types=(graph.input.dtype, graph.output.dtype),
        features=tuple(FeatureScale(one.elements, one.scale, one.zero_point) for one in features),
    )


def _layers(steps: Sequence[Step]) -> tuple[Layer, ...]:
    layers: list[Layer] = []
    left = MAX_WEIGHT_BYTES
    for step in steps:
        layers.append(lower(step))
        left -= layers[-1].weight_bytes
        if left < 0:
            raise step.operator.refuse(f"the weights up to here pass {MAX_WEIGHT_BYTES} bytes")
    return tuple(layers)


def _quantization(graph: Graph) -> Quantization:
    return Quantization(
        input_scale=graph.input.scale,
        input_zero_point=graph.input.zero_point,
        output_scale=graph.output.scale if graph.output.scales else 1.0,
        output_zero_point=graph.output.zero_point if graph.output.scales else 0,
    )
