"""The same network as direct calls of CMSIS-NN 4.0.0: what a user's own C could do at best.

Its sources come with the Python package `bakenn`, for development only: nothing of them is kept.
Operators are not fused, as its functions are not. Operators that those sources lack are our
kernels. Scales, memory plan and text are our compiler's, so that only the kernels differ.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from pipeline.compiler.axes import FilterAxis, axes_of
from pipeline.compiler.emit import emit_header, emit_source
from pipeline.compiler.filters import Filters, read_conv_2d, read_filters
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import (
    Array,
    Layer,
    Program,
    Struct,
    Value,
    clamp_bounds,
    output_fields,
    size,
)
from pipeline.compiler.lower import lower
from pipeline.compiler.memory_plan import plan
from pipeline.compiler.reader import read_network
from pipeline.compiler.simplify import simplified
from pipeline.core.files import save_text_files

CALLS = Path(__file__).resolve().parent / "harness" / "cmsis_calls.c"
FLAGS = ("-w",)  # its warnings are not ours to mend
POOLS = {"MAX_POOL_2D": "cmsis_max_pool", "AVERAGE_POOL_2D": "cmsis_average_pool"}


def cmsis_sources(flatbuffer: bytes, folder: Path) -> list[Path]:
    """Writes model_network.c and .h to `folder`; all that is built with them."""
    program = cmsis_program(flatbuffer)
    text = emit_source(program, plan(program))
    text = text.replace('#include "nn.h"', '#include "cmsis_calls.h"')
    header = emit_header(program)
    save_text_files(folder, {"model_network.c": text, "model_network.h": header})
    return [folder / "model_network.c", CALLS, *sorted(_vendor().glob("cmsis_nn/Source/*/*.c"))]


def cmsis_program(flatbuffer: bytes) -> Program:
    """Calls of CMSIS-NN's functions, and of our kernels where it has none."""
    graph = simplified(read_network(flatbuffer)[0])
    layers = tuple(_layer(operator) for operator in graph.operators)
    return Program(graph.inputs, graph.outputs, layers, variables=graph.variables)


def our_part(flatbuffer: bytes) -> list[str]:
    """The operators that our kernels compute, because CMSIS-NN's sources lack them."""
    layers = cmsis_program(flatbuffer).layers
    return sorted({one.operators[0] for one in layers if not one.kernel.startswith("cmsis_")})


def cmsis_includes() -> tuple[Path, ...]:
    """Include folders of CMSIS-NN."""
    vendor = _vendor()
    return CALLS.parent, vendor / "cmsis_nn" / "Include", vendor / "cmsis_core" / "Include"


def _vendor() -> Path:
    return Path(str(files("bakenn.backend.cmsis_nn") / "vendor"))


def _layer(operator: Operator) -> Layer:
    if operator.name == "CONV_2D":
        return _convolution(operator, "cmsis_convolve", read_conv_2d(operator))
    if operator.name == "DEPTHWISE_CONV_2D":
        channels = operator.operand(1).shape[3]
        return _convolution(operator, "cmsis_depthwise", read_filters(operator, channels, axis=3))
    if operator.name == "FULLY_CONNECTED":
        return _fully_connected(operator)
    layer = lower(Step(operator))
    if operator.name in POOLS:
        return replace(layer, kernel=POOLS[operator.name], scratch_words=_pool_words(operator))
    return layer


def _pool_words(operator: Operator) -> int:
    """Of the sums of an average."""
    return operator.output.shape[3] if operator.name == "AVERAGE_POOL_2D" else 0


def _convolution(operator: Operator, kernel: str, filters: Filters) -> Layer:
    weights = operator.operand(1)
    height, width = axes_of(operator, (weights.shape[1], weights.shape[2]))
    taps = weights.shape[1] * weights.shape[2] * operator.operand(0).shape[3]
    deep = kernel == "cmsis_depthwise"
    columns = 1 if deep else 0 if is_pointwise(height) and is_pointwise(width) else 2
    return _call(
        operator,
        kernel,
        filters,
        {
            "input": size((height.length, width.length)),
            "result": size((height.result, width.result)),
            "kernel": size((height.kernel, width.kernel)),
            "stride": size((height.stride, width.stride)),
            "dilation": size((height.dilation, width.dilation)),
            "padding": size((height.padding, width.padding)),
            "channels_in": operator.operand(0).shape[3],
            "channels_out": weights.shape[3 if deep else 0],
        },
        scratch_words=max(1, -(-columns * taps // 2)),  # of int16, as its functions ask for
    )


def is_pointwise(axis: FilterAxis) -> bool:
    """Whether each output sees one input, which CMSIS-NN need not copy."""
    return axis.kernel == 1 and axis.padding == 0 and axis.dilation == 1


def _fully_connected(operator: Operator) -> Layer:
    """CMSIS-NN 4.0.0 takes one scale a call: with a scale an output it is called for each."""
    outputs, inputs = operator.operand(1).shape
    filters = read_filters(operator, outputs, axis=0)
    if operator.operand(0).elements != inputs:
        raise operator.refuse("only dense layers over one row are compared")
    fields: dict[str, Value] = {"channels_in": inputs, "channels_out": outputs}
    one_scale = len(set(filters.scales)) == 1
    kernel = "cmsis_fully_connected" if one_scale else "cmsis_fully_connected_rows"
    return _call(operator, kernel, filters, fields)


def _call(
    operator: Operator,
    kernel: str,
    filters: Filters,
    fields: dict[str, Value],
    scratch_words: int = 0,
) -> Layer:
    data = operator.operand(1).data or b""
    weights = tuple(byte - 256 if byte > 127 else byte for byte in data)
    zero_point = operator.output.zero_point
    every: dict[str, Value] = {
        "weights": Array("weights", "int8_t", weights),
        "bias": Array("bias", "int32_t", tuple(filters.bias.tolist())),
        "multipliers": Array("multipliers", "int32_t", tuple(s.multiplier for s in filters.scales)),
        "shifts": Array("shifts", "int32_t", tuple(scale.shift for scale in filters.scales)),
        **fields,
        "input_zero_point": operator.operand(0).zero_point,
        "output": output_fields(zero_point, clamp_bounds(operator)),
    }
    return Layer(
        name=operator.layer,
        operators=(operator.name,),
        kernel=kernel,
        arguments=(Struct("cmsis_layer_t", "layer", every),),
        inputs=(operator.operand(0),),
        output=operator.output,
        scratch_words=scratch_words,
    )
