"""Learning and judging on streams: a sequence goes on where the one before it ended, and so does
the state of the network.

Truncated backpropagation through time (Williams and Peng, Neural Computation 2, 1990): a state is
carried on for ever, gradients go back through one sequence. Streams are laid end to end and cut
into as many lanes as a batch has rows, so that each row of a batch goes on in the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import Float32, Int64
from pipeline.config_models import ModelConfig
from pipeline.training.models import history, total_stride

Flags = NDArray[np.bool_]
Number = TypeVar("Number", np.float32, np.int32)


@dataclass(frozen=True)
class Lanes:
    """Streams side by side. order: int64 [steps, lanes], which sequence of them, -1 where a lane
    has ended; begins: bool [steps, lanes], whether the state is nought before it."""

    order: Int64
    begins: Flags

    @classmethod
    def of(cls, begins: Flags, lanes: int) -> Lanes:
        """begins: bool [n], of the sequences."""
        steps = -(-len(begins) // lanes)
        rows = np.arange(steps * lanes).reshape(lanes, steps).T
        order = np.where(rows < len(begins), rows, -1)
        return cls(order, np.append(begins, True)[order] | (np.arange(steps) == 0)[:, None])

    def cut(self, begins: Flags) -> Int64:
        """The sequences at which a stream goes on in another lane, without its state."""
        first = self.order[0]
        cut: Int64 = first[(first >= 0) & ~begins[first]]
        return cut

    def inputs(self, sequences: Float32, before: int) -> Float32:
        """[steps * lanes, before + T, C], step by step, with the last samples of what was before;
        at the beginning of a stream its first one stands for them."""
        padded = np.append(sequences, np.zeros_like(sequences[:1]), axis=0)
        found = padded[self.order]  # [steps, lanes, T, C]
        first = np.repeat(found[:, :, :1], before, axis=2)
        earlier = np.roll(found, 1, axis=0)[:, :, found.shape[2] - before :]
        past = np.where(self.begins[:, :, None, None], first, earlier)
        joined: Float32 = np.concatenate([past, found], axis=2)
        return joined.reshape(-1, *joined.shape[2:])

    def each(self, values: NDArray[Number]) -> NDArray[Number]:
        """values: [n, …]; [steps * lanes, …], nought where a lane has ended."""
        padded = np.append(values, np.zeros_like(values[:1]), axis=0)
        found: NDArray[Number] = padded[self.order.ravel()]
        return found


def keeping_state(model: Any, config: ModelConfig, samples: int, hop: int, lanes: int) -> Any:
    """The same network with its weights, for a batch of `lanes` sequences of `samples`, or tokens,
    that go on in the next batch: scores [lanes, samples / hop, K], one at the end of each hop."""
    import keras

    shape = (lanes, history(config) + samples, *model.input_shape[2:])
    source = keras.Input(batch_shape=shape, dtype=model.input.dtype)
    whole = keras.models.clone_model(model, input_tensors=source, clone_function=_kept)
    steps = hop // total_stride(config)  # of the last layer, a hop
    stream = keras.Model(source, whole.output[:, steps - 1 :: steps])
    stream.set_weights(model.get_weights())
    return stream


def _kept(layer: Any) -> Any:
    config = layer.get_config()
    if hasattr(layer, "stateful"):
        config |= {"stateful": True, "return_sequences": True}
    return type(layer).from_config(config)


def forget(model: Any, begins: Flags) -> None:
    """Set the states of the lanes to nought that begin: bool [lanes]."""
    keep = (~begins).astype(np.float32)[:, None]
    for layer in model.layers:
        for state in getattr(layer, "states", None) or ():
            state.assign(state * keep)


def carried_scores(
    model: Any, config: ModelConfig, sequences: Float32, begins: Flags, hop: int
) -> Float32:
    """float32 [n, hops, K] of all sequences, float32 [n, T, C], one after the other."""
    lane = Lanes.of(begins, 1)
    stream = keeping_state(model, config, sequences.shape[1], hop, 1)
    scores = []
    for row, begin in zip(lane.inputs(sequences, history(config)), lane.begins, strict=True):
        forget(stream, begin)
        scores.append(np.asarray(stream.predict_on_batch(row[np.newaxis])))
    return np.concatenate(scores)


def windows_ending_at(places: Int64, sequences: Float32, length: int, hop: int) -> Float32:
    """float32 [m, length, C]; places: int64 [m, 2], a sequence and the hop in it."""
    ends = places[:, 0] * sequences.shape[1] + (places[:, 1] + 1) * hop
    samples = sequences.reshape(-1, sequences.shape[-1])
    windows: Float32 = np.stack([samples[end - length : end] for end in ends])
    return windows


def runs_of(begins: Flags, sequences: Float32, together: int, count: int) -> Float32:
    """At most `count` stretches of streams, float32 [m, together * T, C], spread over all; of
    fewer sequences where no stream has so many."""
    stops = np.flatnonzero(np.append(begins[1:], True)) + 1
    longest = int(np.diff(stops, prepend=0).max())
    together = min(together, longest)
    starts = [at for at in range(len(begins)) if not begins[at + 1 : at + together].any()]
    starts = [at for at in starts if at + together <= len(begins)]
    chosen = np.linspace(0, len(starts) - 1, min(count, len(starts))).astype(np.int64)
    stretches = [sequences[starts[at] : starts[at] + together] for at in chosen]
    runs: Float32 = np.stack([stretch.reshape(-1, sequences.shape[-1]) for stretch in stretches])
    return runs
