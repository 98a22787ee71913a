"""Every network there is, with the shapes beside the lines. T: samples, C: channels, K: classes.

Built to stream: `valid` padding and a global average let a board compute only the columns that
are new since the last window, and scaling is done before the network.
"""

from __future__ import annotations

import math
from typing import Any

from pipeline.config import ModelConfig
from pipeline.errors import ExitCode, PipelineError


def build(config: ModelConfig, window: int, channels: int, classes: int) -> Any:
    """A Keras model: scaled float32 [n, window, channels] to probabilities [n, classes].

    Raises PipelineError where the window leaves a pooling step with a remainder: columns would
    be dropped, and the same gesture would be seen differently at different times.
    """
    return _BUILDERS[config.kind](config, window, channels, classes)


def total_stride(config: ModelConfig) -> int:
    """Samples between two neighbouring columns of the last layer; the hop is a multiple of it."""
    return math.prod(convolution.pool for convolution in config.convolutions)


def check_hop(config: ModelConfig, hop: int) -> None:
    """Raises PipelineError where the columns of a window do not serve the next one too."""
    stride = total_stride(config)
    if hop % stride:
        raise PipelineError(
            f"A hop of {hop} samples does not fit the network.",
            f"its pooling leaves a column every {stride} samples, and a board computes only the "
            "new columns of a window",
            f"set window.hop to {stride * max(1, round(hop / stride))}",
            ExitCode.USAGE,
        )


def _conv1d(config: ModelConfig, window: int, channels: int, classes: int) -> Any:
    from keras import Input, Sequential, layers

    _check_window(config, window)
    model = Sequential([Input((window, channels), name="samples")])  # [n, T, C]
    for number, layer in enumerate(config.convolutions, start=1):
        convolution = layers.Conv1D(
            layer.filters,
            layer.kernel,
            dilation_rate=layer.dilation,
            activation="relu",
            name=f"conv{number}",
        )
        model.add(convolution)  # [n, T - (kernel - 1) * dilation, filters]
        if layer.pool > 1:
            model.add(layers.MaxPooling1D(layer.pool, name=f"pool{number}"))  # [n, … / pool, …]
    model.add(layers.GlobalAveragePooling1D(name="average"))  # [n, filters]
    model.add(layers.Dropout(config.dropout, name="dropout"))  # [n, filters]
    model.add(layers.Dense(classes, activation="softmax", name="probabilities"))  # [n, K]
    return model


def _check_window(config: ModelConfig, window: int) -> None:
    columns = window
    for layer in config.convolutions:
        columns -= (layer.kernel - 1) * layer.dilation
        if columns < layer.pool or columns % layer.pool:
            near = nearest_window(config, window)
            raise PipelineError(
                f"A window of {window} samples does not fit the network.",
                f"pooling by {layer.pool} after a convolution would drop part of a window, or "
                "nothing of it is left",
                f"set window.length to {near}",
                ExitCode.USAGE,
            )
        columns //= layer.pool


def nearest_window(config: ModelConfig, window: int) -> int:
    """The window length nearest to `window` that no pooling step cuts."""
    smallest = 1
    for layer in reversed(config.convolutions):
        smallest = smallest * layer.pool + (layer.kernel - 1) * layer.dilation
    stride = total_stride(config)
    return smallest + stride * max(0, round((window - smallest) / stride))


_BUILDERS = {"conv1d": _conv1d}
