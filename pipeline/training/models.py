"""Every network there is, with the shapes beside the lines. n: sequences, T: steps (samples or
tokens), C: channels, K: outputs; f: filters, u: units.

A network is a source, what a task hands it; a body; and a head, what the task wants of it.

A new one is a function, and a line in `_BODIES`; what may be set of it is in config_models.py.
Built to stream: `valid` padding and a global average let a board compute only the columns that
are new since the last window; a recurrent layer computes one step. Scaling is done before the
network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.config_models import (
    ConvGruConfig,
    ConvolutionalConfig,
    ConvolutionConfig,
    DenseConfig,
    ModelConfig,
    RecurrentConfig,
    TcnConfig,
)
from pipeline.errors import ExitCode, PipelineError


@dataclass(frozen=True)
class Source:
    """What goes in: `window` steps of `channels` scaled samples; or, with a `vocabulary`, of
    tokens, which an embedding makes as many channels of."""

    window: int
    channels: int
    vocabulary: int | None = None


@dataclass(frozen=True)
class Head:
    """What comes out: `outputs` numbers, once a sequence, or at every step of it."""

    outputs: int
    activation: Literal["softmax", "linear"] = "softmax"
    every_step: bool = False


def build(config: ModelConfig, source: Source, head: Head) -> Any:
    """A Keras model: float32 [n, window, channels], or int32 [n, window] tokens, to [n, outputs],
    or [n, window, outputs].

    Raises PipelineError where the window leaves a pooling step with a remainder: columns would
    be dropped, and the same gesture would be seen differently at different times.
    """
    from keras import Model, layers

    check_window(config, source.window)
    given, x = _taken_in(source)  # [n, T, C]
    features = _body(config, head, x)  # [n, features] or [n, T, features]
    kept = layers.Dropout(config.dropout, name="dropout")(features)
    name = "probabilities" if head.activation == "softmax" else "outputs"
    found = layers.Dense(head.outputs, activation=head.activation, name=name)(kept)  # [n, (T,) K]
    return Model(given, found)


def _taken_in(source: Source) -> tuple[Any, Any]:
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
    assert isinstance(config, RecurrentConfig)  # a config for generation lets no other through
    return _recurrent(_CELLS[config.kind](), config.units, x, every_step=True)


def _dense(config: DenseConfig, x: Any) -> Any:
    """The Arduino tutorial's of 2019, which knew each sample by its place in the window."""
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
    """After the first convolution each is one along time for every channel by itself, and one
    over the channels: Howard et al., MobileNets (arXiv:1704.04861)."""
    from keras import layers

    x = _convolved(config.convolutions[:1], x)  # [n, T', f]
    x = _convolved(config.convolutions[1:], x, layers.SeparableConv1D, 2)  # [n, T'', f]
    return layers.GlobalAveragePooling1D(name="average")(x)  # [n, f]


def _tcn(config: TcnConfig, x: Any) -> Any:
    """Residual blocks of dilated causal convolutions: Bai et al. (arXiv:1803.01271).

    Causal without padding: a column has seen its own samples and those before, and the window is
    as much longer. A skip takes the first and last column of what its block has seen.
    """
    from keras import layers

    x = _downsampled(config.downsample, x)  # [n, T / downsample, C]
    for number, filters in enumerate(config.filters, start=1):
        dilation = 2 ** (number - 1)
        reach = 2 * (config.kernel - 1) * dilation
        skip = layers.Conv1D(filters, 2, dilation_rate=reach, name=f"skip{number}")(x)
        for part in "ab":
            x = layers.Conv1D(
                filters,
                config.kernel,
                dilation_rate=dilation,
                activation="relu",
                name=f"conv{number}{part}",
            )(x)  # [n, T' - (kernel - 1) * dilation, f]
        x = layers.Add(name=f"add{number}")([x, skip])  # [n, T' - reach, f]
        x = layers.ReLU(name=f"relu{number}")(x)
    return layers.GlobalAveragePooling1D(name="average")(x)  # [n, f]


def _simple_rnn() -> Any:
    """Elman, Cognitive Science 14 (1990)."""
    from keras import layers

    return layers.SimpleRNN


def _gru() -> Any:
    """Cho et al. (arXiv:1406.1078), with the reset gate after the matrix, as cuDNN has it."""
    from keras import layers

    return layers.GRU


def _lstm() -> Any:
    """Hochreiter and Schmidhuber, Neural Computation 9 (1997), with a forget gate."""
    from keras import layers

    return layers.LSTM


_CELLS: dict[str, Callable[[], Any]] = {"simple_rnn": _simple_rnn, "gru": _gru, "lstm": _lstm}


def _cells(config: RecurrentConfig, x: Any) -> Any:
    return _recurrent(_CELLS[config.kind](), config.units, _downsampled(config.downsample, x))


def _conv_gru(config: ConvGruConfig, x: Any) -> Any:
    from keras import layers

    return _recurrent(layers.GRU, config.units, _convolved(config.convolutions, x))


_BODIES: dict[str, Callable[[Any, Any], Any]] = {
    "dense": _dense,
    "conv1d": _conv1d,
    "ds_conv1d": _ds_conv1d,
    "tcn": _tcn,
    **dict.fromkeys(_CELLS, _cells),
    "conv_gru": _conv_gru,
}


def _convolved(
    convolutions: tuple[ConvolutionConfig, ...], x: Any, kind: Any = None, first: int = 1
) -> Any:
    """kind: the class of the layers, Conv1D where none is given; first: their first number."""
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


def _recurrent(layer: Any, units: tuple[int, ...], x: Any, every_step: bool = False) -> Any:
    """Each layer hands on all its steps, the last one its last, or all too."""
    kind = layer.__name__.lower()
    for number, width in enumerate(units, start=1):
        inner = every_step or number < len(units)
        x = layer(width, return_sequences=inner, name=f"{kind}{number}")(x)  # [n, steps, u]
    return x  # [n, u] or [n, steps, u]


def total_stride(config: ModelConfig) -> int:
    """Samples between two neighbouring columns of the last layer; the hop is a multiple of it."""
    return math.prod(pool for _, pool in _shortenings(config))


def history(config: ModelConfig) -> int:
    """Samples before the first of its own that a column has seen."""
    samples, stride = 0, 1
    for reach, pool in _shortenings(config):
        samples += reach * stride
        stride *= pool
    return samples


def check_hop(config: ModelConfig, hop: int) -> None:
    """Raises PipelineError where the columns of a window do not serve the next one too."""
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
    """Raises PipelineError where pooling would cut a window, or leave nothing of it."""
    columns = window
    for reach, pool in _shortenings(config):
        columns -= reach
        if columns < pool or columns % pool:
            near = nearest_window(config, window)
            raise PipelineError(
                f"A window of {window} samples does not fit the network.",
                f"pooling by {pool} would drop part of a window, or nothing of it is left",
                f"set window.length to {near}",
                ExitCode.USAGE,
            )
        columns //= pool


def nearest_window(config: ModelConfig, window: int) -> int:
    """The window length nearest to `window` that no pooling step cuts."""
    smallest = 1
    for reach, pool in reversed(list(_shortenings(config))):
        smallest = smallest * pool + reach
    stride = total_stride(config)
    return smallest + stride * max(0, round((window - smallest) / stride))


def _shortenings(config: ModelConfig) -> Iterator[tuple[int, int]]:
    """What each layer does to the number of columns: less so many, then divided by so many."""
    if isinstance(config, (TcnConfig, RecurrentConfig)):
        yield 0, config.downsample
    if isinstance(config, TcnConfig):
        for number in range(len(config.filters)):
            yield 2 * (config.kernel - 1) * 2**number, 1
    if isinstance(config, (ConvolutionalConfig, ConvGruConfig)):
        for layer in config.convolutions:
            yield (layer.kernel - 1) * layer.dilation, layer.pool
