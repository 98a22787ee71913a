"""From steps to kernel calls: which function knows which operator."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.compiler import int16_elementwise, int16_filters
from pipeline.compiler.binary import (
    lower_add,
    lower_extreme,
    lower_mul,
    lower_prelu,
    lower_sub,
)
from pipeline.compiler.broadcast import STRETCH
from pipeline.compiler.convolution import (
    lower_conv_2d,
    lower_depthwise_conv_2d,
    lower_fully_connected,
)
from pipeline.compiler.decisions import (
    lower_arg,
    lower_cast,
    lower_comparison,
    lower_select,
)
from pipeline.compiler.elementwise import lower_copy, lower_function, lower_pad
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import COMPARISONS, COPIES, FUNCTIONS, JOINS, PARTS, VIEWS
from pipeline.compiler.layers import Layer
from pipeline.compiler.moves import (
    lower_apart,
    lower_depth_to_space,
    lower_join,
    lower_mirror_pad,
    lower_part,
    lower_resize,
    lower_slice,
    lower_space_to_depth,
    lower_stretch,
    lower_strided_slice,
    lower_transpose,
)
from pipeline.compiler.quantize import lower_quantize
from pipeline.compiler.reductions import lower_mean, lower_pool, lower_reduce, lower_softmax
from pipeline.compiler.sequence_lstm import lower_sequence_lstm
from pipeline.compiler.svdf import lower_svdf
from pipeline.compiler.transpose_conv import lower_transpose_conv

_LOWER: dict[str, Callable[[Step], Layer]] = {
    "CONV_2D": lower_conv_2d,
    "DEPTHWISE_CONV_2D": lower_depthwise_conv_2d,
    "FULLY_CONNECTED": lower_fully_connected,
    "MAX_POOL_2D": lower_pool,
    "AVERAGE_POOL_2D": lower_pool,
    "MEAN": lower_mean,
    "SOFTMAX": lower_softmax,
    "REDUCE_MAX": lower_reduce,
    "REDUCE_MIN": lower_reduce,
    "ADD": lower_add,
    "SUB": lower_sub,
    "MUL": lower_mul,
    "MAXIMUM": lower_extreme,
    "MINIMUM": lower_extreme,
    "PRELU": lower_prelu,
    STRETCH: lower_stretch,
    "RESIZE_NEAREST_NEIGHBOR": lower_resize,
    **dict.fromkeys(("PAD", "PADV2"), lower_pad),
    "MIRROR_PAD": lower_mirror_pad,
    "CAST": lower_cast,
    "SELECT_V2": lower_select,
    **dict.fromkeys(("ARG_MAX", "ARG_MIN"), lower_arg),
    **dict.fromkeys(COMPARISONS, lower_comparison),
    "QUANTIZE": lower_quantize,
    **dict.fromkeys(FUNCTIONS, lower_function),
    "SVDF": lower_svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lower_sequence_lstm,
    "STRIDED_SLICE": lower_strided_slice,
    "SLICE": lower_slice,
    "TRANSPOSE": lower_transpose,
    "DEPTH_TO_SPACE": lower_depth_to_space,
    "SPACE_TO_DEPTH": lower_space_to_depth,
    **dict.fromkeys(("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"), lower_apart),
    "TRANSPOSE_CONV": lower_transpose_conv,
    **dict.fromkeys(PARTS, lower_part),
    **dict.fromkeys(JOINS, lower_join),
    **dict.fromkeys((*VIEWS, *COPIES), lower_copy),
}

# What int16 has another function for.
_LOWER_INT16: dict[str, Callable[[Step], Layer]] = {
    "CONV_2D": int16_filters.lower_conv_2d,
    "DEPTHWISE_CONV_2D": int16_filters.lower_depthwise_conv_2d,
    "FULLY_CONNECTED": int16_filters.lower_fully_connected,
    "TRANSPOSE_CONV": int16_filters.lower_transpose_conv,
    "SOFTMAX": int16_elementwise.lower_softmax,
    "RELU": int16_elementwise.lower_relu,
    "RELU6": int16_elementwise.lower_relu6,
    "LEAKY_RELU": int16_elementwise.lower_leaky_relu,
    "ABS": int16_elementwise.lower_abs,
    "LOGISTIC": int16_elementwise.lower_logistic,
    "TANH": int16_elementwise.lower_tanh,
}


def lower(step: Step) -> Layer:
    """Raises PipelineError, naming operator and layer, for what the kernels cannot do."""
    operator = step.operator
    wide = _LOWER_INT16.get(operator.name) if operator.is_int16 else None
    return (wide or _LOWER[operator.name])(step)
