"""All networks, with the shapes beside the lines.

n: sequences, T: steps (samples or tokens), C: channels, K: outputs; f: filters, u: units.

A network has a source (its inputs), a body, and a head (its outputs). A new one is a function and a
line in `_BODIES`; its settings are in config/sections.py. The networks are made for streaming:
`valid` padding and a global average let a board compute only the new columns of a window; a
recurrent layer computes one step. Scaling is done before the network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.config.sections import (
    ConvGruConfig,
    ConvolutionalConfig,
    ConvolutionConfig,
    DenseConfig,
    ModelConfig,
    RecurrentConfig,
    RocketConfig,
    TcnConfig,
)
from pipeline.core.errors import ExitCode, PipelineError


@dataclass(frozen=True)
class Source:
    """The inputs of a network.

    Args:
        window: steps.
        channels: of scaled samples; or of the embedding.
        vocabulary: its size, where the inputs are tokens; None for samples.
    """

    window: int
    channels: int
    vocabulary: int | None = None


@dataclass(frozen=True)
class Head:
    """The outputs of a network, for a sequence or, with `every_step`, for each of its steps."""

    outputs: int
    activation: Literal["softmax", "linear"] = "softmax"
    every_step: bool = False


def build(config: ModelConfig, source: Source, head: Head) -> Any:
    """Build a Keras model.

    Args:
        config: settings of the network.
        source: its inputs.
        head: its outputs.

    Returns:
        A model from float32 [n, window, channels], or int32 [n, window] tokens, to [n, outputs] or
        [n, window, outputs].

    Raises:
        PipelineError: pooling would drop part of the window. The same gesture would then have
            different outputs at different times.
    """
    from keras import Model, layers

    check_window(config, source.window)
    inputs, x = _inputs(source)  # [n, T, C]
    if isinstance(config, RocketConfig):
        return Model(inputs, _rocket(config.for_window(source.window), head, x))  # [n, K]
    features = _body(config, head, x)  # [n, features] or [n, T, features]
    dropped = layers.Dropout(config.dropout, name="dropout")(features)
    name = "probabilities" if head.activation == "softmax" else "outputs"
    dense = layers.Dense(head.outputs, activation=head.activation, name=name)
    return Model(inputs, dense(dropped))  # [n, (T,) K]


def _inputs(source: Source) -> tuple[Any, Any]:
    from keras import Input, layers

    if source.vocabulary is None:
        samples = Input((source.window, source.channels), name="samples")  # [n, T, C]
        return samples, samples
    tokens = Input((source.window,), dtype="int32", name="tokens")  # [n, T]
    embedding = layers.Embedding(source.vocabulary, source.channels, name="embedding")
    return tokens, embedding(tokens)  # [n, T, C]


def _body(config: ModelConfig, head: Head, x: Any) -> Any:
    if not head.every_step:
        return _BODIES[config.kind](config, x)
    assert isinstance(config, RecurrentConfig)  # a config for generation allows no other
    return recurrent(config.kind, config.units, x, every_step=True)


def body(config: ModelConfig, x: Any) -> Any:
    """The layers of a network between its inputs and its head: [n, T, C] to [n, features]."""
    return _BODIES[config.kind](config, x)


def _dense(config: DenseConfig, x: Any) -> Any:
    """The network of the 2019 Arduino tutorial; it has a weight for each place in the window."""
    from keras import layers

    x = layers.Flatten(name="flatten")(x)  # [n, T * C]
    for number, units in enumerate(config.units, start=1):
        x = layers.Dense(units, activation="relu", name=f"dense{number}")(x)  # [n, u]
    return x


def _conv1d(config: ConvolutionalConfig, x: Any) -> Any:
    from keras import layers

    x = _convolved(config.convolutions, x)  # [n, T', f]
    return layers.GlobalAveragePooling1D(name="average")(x)  # [n, f]


def _ds_conv1d(config: ConvolutionalConfig, x: Any) -> Any:
    """Convolutions split into one along time and one over channels, after the first.

    Howard et al., MobileNets (arXiv:1704.04861).
    """
    from keras import layers

    x = _convolved(config.convolutions[:1], x)  # [n, T', f]
    x = _convolved(config.convolutions[1:], x, layers.SeparableConv1D, 2)  # [n, T'', f]
    return layers.GlobalAveragePooling1D(name="average")(x)  # [n, f]


def _tcn(config: TcnConfig, x: Any) -> Any:
    """Residual blocks of dilated causal convolutions: Bai et al. (arXiv:1803.01271).

    Causal without padding: a column depends on its own samples and those before. A skip connection
    takes the first and the last column of the receptive field of its block.
    """
    from keras import layers

    x = _downsampled(config.downsample, x)  # [n, T / downsample, C]
    for number, filters in enumerate(config.filters, start=1):
        dilation = 2 ** (number - 1)
        field = 2 * (config.kernel - 1) * dilation
        skip = layers.Conv1D(filters, 2, dilation_rate=field, name=f"skip{number}")(x)
        for part in "ab":
            x = layers.Conv1D(
                filters,
                config.kernel,
                dilation_rate=dilation,
                activation="relu",
                name=f"conv{number}{part}",
            )(x)  # [n, T' - (kernel - 1) * dilation, f]
        x = layers.Add(name=f"add{number}")([x, skip])  # [n, T' - field, f]
        x = layers.ReLU(name=f"relu{number}")(x)
    return layers.GlobalAveragePooling1D(name="average")(x)  # [n, f]


ROCKET_TAPS = 9
ROCKET_HIDDEN = 32
CORRECTION = "correction"  # the layer by which the hidden units of a rocket network change scores
ROCKET_FULL = 6  # what a kernel gives where it responds, by relu6; 0 where it does not


def kernel_layer_name(dilation: int) -> str:
    """The name of the layer with the kernels of a dilation."""
    return f"kernels{dilation}"


def score_layer_name(dilation: int) -> str:
    """The name of the layer that weighs the kernels of a dilation."""
    return f"scores{dilation}"


def hidden_layer_name(dilation: int) -> str:
    """The name of the layer by which the kernels of a dilation enter the hidden units."""
    return f"hidden{dilation}"


def _rocket(config: RocketConfig, head: Head, x: Any) -> Any:
    """Fixed convolutions; their features are the shares of a window in which they respond.

    Dempster et al., MiniRocket (arXiv:2012.08791). Scores are sums of features, and hidden units
    correct them. training/rocket.py sets the weights.
    """
    from keras import layers

    scores, hidden = [], []
    assert config.dilations
    for dilation in config.dilations:
        y = layers.Conv1D(
            config.kernels,
            ROCKET_TAPS,
            dilation_rate=dilation,
            activation="relu6",
            trainable=False,
            name=kernel_layer_name(dilation),
        )(x)  # [n, T - 8 * dilation, f]
        y = layers.AveragePooling1D(config.pool, name=f"pool{dilation}")(y)  # [n, … / pool, f]
        y = layers.GlobalAveragePooling1D(name=f"average{dilation}")(y)  # [n, f]
        name = score_layer_name(dilation)
        scores.append(layers.Dense(head.outputs, name=name)(y))  # [n, K]
        hidden.append(layers.Dense(ROCKET_HIDDEN, name=hidden_layer_name(dilation))(y))
    units = layers.Add(name="hidden")(hidden) if len(hidden) > 1 else hidden[0]
    units = layers.ReLU(name="bend")(units)  # [n, h]
    scores.append(layers.Dense(head.outputs, name=CORRECTION)(units))
    summed = layers.Add(name="sum")(scores)
    return layers.Activation(head.activation, name="probabilities")(summed)


def _simple_rnn() -> Any:
    """Elman, Cognitive Science 14 (1990)."""
    from keras import layers

    return layers.SimpleRNN


def _gru() -> Any:
    """Cho et al. (arXiv:1406.1078), with the reset gate after the matrix, as in cuDNN."""
    from keras import layers

    return layers.GRU


def _lstm() -> Any:
    """Hochreiter and Schmidhuber, Neural Computation 9 (1997), with a reset_states gate."""
    from keras import layers

    return layers.LSTM


_CELLS: dict[str, Callable[[], Any]] = {"simple_rnn": _simple_rnn, "gru": _gru, "lstm": _lstm}


def _cells(config: RecurrentConfig | ConvGruConfig, x: Any) -> Any:
    return recurrent(cell_of(config), config.units, before_cells(config, x))


def cell_of(config: RecurrentConfig | ConvGruConfig) -> str:
    """The kind of its cells: simple_rnn, gru or lstm."""
    return config.kind if isinstance(config, RecurrentConfig) else "gru"


def before_cells(config: RecurrentConfig | ConvGruConfig, x: Any) -> Any:
    """What the cells of a network read: [n, T, C] to [n, steps, features]."""
    if isinstance(config, RecurrentConfig):
        return _downsampled(config.downsample, x)
    return _convolved(config.convolutions, x)


_BODIES: dict[str, Callable[[Any, Any], Any]] = {
    "dense": _dense,
    "conv1d": _conv1d,
    "ds_conv1d": _ds_conv1d,
    "tcn": _tcn,
    **dict.fromkeys((*_CELLS, "conv_gru"), _cells),
}


def _convolved(
    convolutions: tuple[ConvolutionConfig, ...], x: Any, kind: Any = None, first: int = 1
) -> Any:
    """kind: the class of the layers, Conv1D by default; first: the first number in their names."""
    from keras import layers

    for number, layer in enumerate(convolutions, start=first):
        x = (kind or layers.Conv1D)(
            layer.filters,
            layer.kernel,
            dilation_rate=layer.dilation,
            activation="relu",
            name=f"conv{number}",
        )(x)  # [n, T' - (kernel - 1) * dilation, f]
        x = _pooled(layer.pool, number, x)  # [n, … / pool, f]
    return x


def _pooled(pool: int, number: int, x: Any) -> Any:
    from keras import layers

    return x if pool == 1 else layers.MaxPooling1D(pool, name=f"pool{number}")(x)


def _downsampled(samples: int, x: Any) -> Any:
    from keras import layers

    return x if samples == 1 else layers.AveragePooling1D(samples, name="downsample")(x)


def recurrent(
    kind: str,
    units: tuple[int, ...],
    x: Any,
    every_step: bool = False,
    name: str = "",
    wrap: Callable[[Any], Any] = lambda layer: layer,
) -> Any:
    """Recurrent layers; all but the last return every step.

    Args:
        kind: of their cells.
        units: of each layer.
        x: [n, steps, C].
        every_step: whether the last one returns every step too.
        name: what the names of the layers begin with; empty: the kind.
        wrap: what is made of each layer.

    Returns:
        [n, u] or [n, steps, u].
    """
    for number, width in enumerate(units, start=1):
        inner = every_step or number < len(units)
        layer = _CELLS[kind]()(width, return_sequences=inner, name=f"{name or kind}{number}")
        x = wrap(layer)(x)  # [n, steps, u]
    return x


def total_stride(config: ModelConfig) -> int:
    """The stride of the last layer in samples; a hop is a multiple of it."""
    return math.prod(pool for _, pool in _shortenings(config))


def history(config: ModelConfig) -> int:
    """Samples before its own that a column depends on: the receptive field without the stride."""
    samples, stride = 0, 1
    for lost, pool in _shortenings(config):
        samples += lost * stride
        stride *= pool
    return samples


def check_hop(config: ModelConfig, hop: int) -> None:
    """Check that a hop is a multiple of the stride, so that windows share columns.

    Raises:
        PipelineError: USAGE, it is not.
    """
    stride = total_stride(config)
    if hop % stride:
        raise PipelineError(
            f"A hop of {hop} samples does not fit the network.",
            f"it has a column every {stride} samples, and a board computes only the new columns "
            "of a window",
            f"set window.hop to {stride * max(1, round(hop / stride))}",
            ExitCode.USAGE,
        )


def check_window(config: ModelConfig, window: int) -> None:
    """Check that pooling leaves no remainder of a window.

    Raises:
        PipelineError: USAGE, it does; or nothing is left of the window.
    """
    columns = window
    for lost, pool in _shortenings(config):
        columns -= lost
        if columns < pool or columns % pool:
            near = nearest_window(config, window)
            raise PipelineError(
                f"A window of {window} samples does not fit the network.",
                f"pooling by {pool} would drop part of a window, or nothing of it is left",
                f"set window.length to {near}",
                ExitCode.USAGE,
            )
        columns //= pool


def nearest_window(config: ModelConfig, window: float) -> int:
    """The nearest window length without a remainder in pooling."""
    smallest = 1
    for lost, pool in reversed(list(_shortenings(config))):
        smallest = smallest * pool + lost
    stride = total_stride(config)
    return smallest + stride * max(0, round((window - smallest) / stride))


def _shortenings(config: ModelConfig) -> Iterator[tuple[int, int]]:
    """For each layer, how many columns it loses, and the factor of its pooling after that."""
    if isinstance(config, (TcnConfig, RecurrentConfig)):
        yield 0, config.downsample
    if isinstance(config, RocketConfig):  # its branches lie side by side
        yield (ROCKET_TAPS - 1) * max(config.dilations or (1,)), config.pool
    if isinstance(config, TcnConfig):
        for number in range(len(config.filters)):
            yield 2 * (config.kernel - 1) * 2**number, 1
    if isinstance(config, (ConvolutionalConfig, ConvGruConfig)):
        for layer in config.convolutions:
            yield (layer.kernel - 1) * layer.dilation, layer.pool
