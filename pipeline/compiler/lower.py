"""From steps to kernel calls: which function knows which operator."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.compiler.cell_layers import lower_narrow
from pipeline.compiler.convolution import (
    lower_conv_2d,
    lower_depthwise_conv_2d,
    lower_fully_connected,
)
from pipeline.compiler.elementwise import lower_add, lower_copy, lower_function, lower_pad
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import VIEWS
from pipeline.compiler.layers import Layer
from pipeline.compiler.reductions import lower_mean, lower_pool, lower_softmax


def _lower_quantize(step: Step) -> Layer:
    is_state = step.operator.operand(0).dtype == "INT16"
    return lower_narrow(step) if is_state else lower_function(step)


_LOWER: dict[str, Callable[[Step], Layer]] = {
    "CONV_2D": lower_conv_2d,
    "DEPTHWISE_CONV_2D": lower_depthwise_conv_2d,
    "FULLY_CONNECTED": lower_fully_connected,
    "MAX_POOL_2D": lower_pool,
    "AVERAGE_POOL_2D": lower_pool,
    "MEAN": lower_mean,
    "SOFTMAX": lower_softmax,
    "ADD": lower_add,
    "PAD": lower_pad,
    "QUANTIZE": _lower_quantize,
    "RELU": lower_function,
    "RELU6": lower_function,
    "LOGISTIC": lower_function,
    "TANH": lower_function,
    **dict.fromkeys(VIEWS, lower_copy),
}


def lower(step: Step) -> Layer:
    """Raises PipelineError, naming operator and layer, for what the kernels cannot do."""
    return _LOWER[step.operator.name](step)
