"""SVDF as a kernel call: each filter's value of the newest input, and a weighted sum of the last
values of each filter. What they were is kept from one run to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.compiler.filters import Filters, pair_rows
from pipeline.compiler.fixedpoint import INT8_MAX, INT8_MIN, INT32_MAX, quantize_scale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import Array, Layer, Struct, Value, output_fields

STATE = 4  # its operand


def lower_svdf(step: Step) -> Layer:
    """The kernel call of an SVDF with a state of int16.

    As in TensorFlow Lite Micro, its fused activation is that which the output's range leaves.
    """
    operator = step.operator
    features, times, bias = _weights(operator)
    filters, inputs = features.shape
    source, state, output = operator.operand(0), operator.operand(STATE), operator.output
    feature_factor = np.float32(source.scale) * np.float32(operator.operand(1).scale)
    factor = np.float32(state.scale) * np.float32(operator.operand(2).scale)
    feature_scale = quantize_scale(float(feature_factor / np.float32(state.scale)))
    scale = quantize_scale(float(factor / np.float32(output.scale)))
    feature_bias = -source.zero_point * features.sum(axis=1)
    largest = int(np.abs(features).sum(axis=1).max()) * 255
    if scale.shift > 0 or largest << max(feature_scale.shift, 0) > INT32_MAX:
        raise operator.refuse("its sums may overflow 32 bits")
    plain = Array("features", "int8_t", tuple(features.ravel().tolist()))
    paired = pair_rows(Filters(features, feature_bias, (feature_scale,) * filters))
    fields: dict[str, Value] = {
        "features": plain if paired is None else paired[0],
        "times": Array("times", "int16_t", tuple(times.ravel().tolist())),
        "feature_bias": Array("feature_bias", "int32_t", tuple(feature_bias.tolist())),
        "bias": Array("bias", "int32_t", tuple(bias.tolist())),
        "inputs": inputs,
        "filters": filters,
        "rank": operator.options.rank,
        "memory": times.shape[1],
        "feature_scale": feature_scale,
        "scale": scale,
        "output": output_fields(output.zero_point, (INT8_MIN, INT8_MAX)),
    }
    return Layer(
        name=operator.layer,
        operators=(operator.name,),
        kernel="nn_svdf_any" if paired is None else "nn_svdf",
        arguments=(Struct("nn_svdf_t", "layer", fields),),
        inputs=(source,),
        output=output,
        macs=features.size + times.size,
        state=operator.layer,
        state_words=-(-state.bytes // 4),
    )


def _weights(
    operator: Operator,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """int64 [filters, inputs] and [filters, memory] of the two matrices, and [units] of the bias.

    Raises PipelineError where they do not fit each other.
    """
    source, output, state = operator.operand(0), operator.output, operator.operand(STATE)
    matrices = []
    for number, dtype in ((1, "INT8"), (2, "INT16")):
        tensor = operator.operand(number)
        sound = tensor.data is not None and len(tensor.scales) == 1 and tensor.scale > 0
        if tensor.dtype != dtype or len(tensor.shape) != 2 or not sound:
            raise operator.refuse(f"its weights {number} are no constant {dtype} with one scale")
        values = np.frombuffer(tensor.data or b"", f"<i{2 if dtype == 'INT16' else 1}")
        matrices.append(values.reshape(tensor.shape).astype(np.int64))
    features, times = matrices
    bias = operator.operand(3)
    filters, rank = len(features), operator.options.rank
    if rank < 1 or filters % rank or len(times) != filters:
        raise operator.refuse(f"it has {filters} and {len(times)} filters of rank {rank}")
    units = filters // rank
    if (source.shape, output.shape) != ((1, features.shape[1]), (1, units)):
        raise operator.refuse(f"it makes {list(output.shape)} of {list(source.shape)}")
    if state.dtype != "INT16" or state.elements != times.size or len(state.scales) != 1:
        raise operator.refuse(f"its state is {state.dtype} {list(state.shape)}")
    if bias.dtype != "INT32" or bias.data is None or bias.elements != units:
        raise operator.refuse("its bias is not constant, or not INT32, one a unit")
    if any(state.zero_points) or not 0 < state.scale < np.inf:
        raise operator.refuse("its state is not quantized around 0")
    return features, times, np.frombuffer(bias.data, "<i4").astype(np.int64)
