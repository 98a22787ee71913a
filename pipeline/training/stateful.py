"""Training and scoring on streams: the state of the network is kept from batch to batch.

Truncated backpropagation through time (Williams and Peng, Neural Computation 2, 1990): the state
is carried on without end, gradients go back through one sequence. Streams are laid end to end and
cut into as many parts as a batch has rows. Each row of a batch goes on in the next batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.config.sections import ModelConfig
from pipeline.core.artifacts import Float32, Int64
from pipeline.training.models import history, total_stride

Flags = NDArray[np.bool_]
Number = TypeVar("Number", np.float32, np.int32)


@dataclass(frozen=True)
class StatefulBatches:
    """The order of sequences in batches that keep the state of the network.

    Args:
        order: int64 [batches, rows], which sequence; -1 where a row has ended.
        begins: bool [batches, rows], whether the state is zero before it.
    """

    order: Int64
    begins: Flags

    @classmethod
    def of(cls, begins: Flags, rows: int) -> StatefulBatches:
        """Arrange sequences in batches.

        Args:
            begins: bool [n], which sequences begin a stream.
            rows: of a batch.
        """
        batches = -(-len(begins) // rows)
        number = np.arange(batches * rows).reshape(rows, batches).T
        order = np.where(number < len(begins), number, -1)
        return cls(order, np.append(begins, True)[order] | (np.arange(batches) == 0)[:, None])

    def cut(self, begins: Flags) -> Int64:
        """The sequences where a stream is cut: it goes on in another row, without its state."""
        first = self.order[0]
        cut: Int64 = first[(first >= 0) & ~begins[first]]
        return cut

    def inputs(self, sequences: Float32, before: int) -> Float32:
        """Sequences, each with the last samples of the one before it.

        Args:
            sequences: float32 [n, T, C].
            before: how many samples of the sequence before; the first sample of a stream is
                repeated at its beginning.

        Returns:
            float32 [batches * rows, before + T, C], batch by batch.
        """
        padded = np.append(sequences, np.zeros_like(sequences[:1]), axis=0)
        ordered = padded[self.order]  # [batches, rows, T, C]
        first = np.repeat(ordered[:, :, :1], before, axis=2)
        earlier = np.roll(ordered, 1, axis=0)[:, :, ordered.shape[2] - before :]
        past = np.where(self.begins[:, :, None, None], first, earlier)
        joined: Float32 = np.concatenate([past, ordered], axis=2)
        return joined.reshape(-1, *joined.shape[2:])

    def arrange(self, values: NDArray[Number]) -> NDArray[Number]:
        """Values [n, ...] in the order of the batches: [batches * rows, ...], 0 where none is."""
        padded = np.append(values, np.zeros_like(values[:1]), axis=0)
        arranged: NDArray[Number] = padded[self.order.ravel()]
        return arranged


def stateful_copy(model: Any, config: ModelConfig, samples: int, hop: int, rows: int) -> Any:
    """A copy of a network, with the same weights, that keeps its state from batch to batch.

    Args:
        model: the Keras model.
        config: its settings.
        samples: of a sequence; or tokens.
        hop: samples from one output to the next.
        rows: sequences of a batch.

    Returns:
        A Keras model with outputs [rows, samples / hop, K], one at the end of each hop.
    """
    import keras

    shape = (rows, history(config) + samples, *model.input_shape[2:])
    source = keras.Input(batch_shape=shape, dtype=model.input.dtype)
    whole = keras.models.clone_model(model, input_tensors=source, clone_function=_stateful_layer)
    steps = hop // total_stride(config)  # of the last layer, a hop
    stream = keras.Model(source, whole.output[:, steps - 1 :: steps])
    stream.set_weights(model.get_weights())
    return stream


def _stateful_layer(layer: Any) -> Any:
    config = layer.get_config()
    if hasattr(layer, "stateful"):
        config |= {"stateful": True, "return_sequences": True}
    return type(layer).from_config(config)


def reset_states(model: Any, begins: Flags) -> None:
    """Set the states of those rows to zero that begin a stream; begins: bool [rows]."""
    keep = (~begins).astype(np.float32)[:, None]
    for layer in model.layers:
        for state in getattr(layer, "states", None) or ():
            state.assign(state * keep)


def stateful_scores(
    model: Any, config: ModelConfig, sequences: Float32, begins: Flags, hop: int
) -> Float32:
    """Scores of sequences one after the other, with the state carried on.

    Args:
        model: the Keras model.
        config: its settings.
        sequences: float32 [n, T, C], scaled.
        begins: bool [n], which sequences begin a stream.
        hop: samples from one output to the next.

    Returns:
        float32 [n, hops, K].
    """
    batches = StatefulBatches.of(begins, 1)
    stream = stateful_copy(model, config, sequences.shape[1], hop, 1)
    scores = []
    inputs = batches.inputs(sequences, history(config))
    for row, begin in zip(inputs, batches.begins, strict=True):
        reset_states(stream, begin)
        scores.append(np.asarray(stream.predict_on_batch(row[np.newaxis])))
    return np.concatenate(scores)


def windows_at_hops(places: Int64, sequences: Float32, length: int, hop: int) -> Float32:
    """The windows that end with the given hops.

    Args:
        places: int64 [m, 2], a sequence and the hop in it.
        sequences: float32 [n, T, C].
        length: samples of a window.
        hop: in samples.

    Returns:
        float32 [m, length, C].
    """
    ends = places[:, 0] * sequences.shape[1] + (places[:, 1] + 1) * hop
    samples = sequences.reshape(-1, sequences.shape[-1])
    windows: Float32 = np.stack([samples[end - length : end] for end in ends])
    return windows


def stream_stretches(begins: Flags, sequences: Float32, together: int, count: int) -> Float32:
    """Stretches of streams, at even distances.

    Args:
        begins: bool [n], which sequences begin a stream.
        sequences: float32 [n, T, C].
        together: sequences of a stretch; fewer where no stream has so many.
        count: of stretches, at most.

    Returns:
        float32 [m, together * T, C].
    """
    stops = np.flatnonzero(np.append(begins[1:], True)) + 1
    longest = int(np.diff(stops, prepend=0).max())
    together = min(together, longest)
    starts = [at for at in range(len(begins)) if not begins[at + 1 : at + together].any()]
    starts = [at for at in starts if at + together <= len(begins)]
    chosen = np.linspace(0, len(starts) - 1, min(count, len(starts))).astype(np.int64)
    stretches = [sequences[starts[at] : starts[at] + together] for at in chosen]
    joined: Float32 = np.stack([stretch.reshape(-1, sequences.shape[-1]) for stretch in stretches])
    return joined
