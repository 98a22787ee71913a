"""Windows as views: Keras fits on where windows start, and looks them up in their streams.

Windows overlap. Copies of them would be as many times as large as the streams as windows have a
sample in common.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.core.artifacts import ALIGNMENT, Float32
from pipeline.core.contract import Scaling


def on_views(model: Any, samples: Float32, length: int, scaling: Scaling) -> Any:
    """A model with the same weights whose inputs are the starts of sequences.

    Args:
        model: the Keras model, from scaled sequences float32 [n, length, C].
        samples: float32 [N, C], of all streams, not scaled; they are not copied where aligned.
        length: samples of a sequence.
        scaling: of the inputs.

    Returns:
        A Keras model from int64 [n] to the outputs of `model`.
    """
    import keras

    starts = keras.Input((), dtype="int64", name="starts")  # [n]
    sequences = _lookup(samples, length, scaling)(starts)  # [n, length, C]
    return keras.Model(starts, model(sequences))


def _lookup(samples: Float32, length: int, scaling: Scaling) -> Any:
    """A layer without weights, from starts int64 [n] to scaled sequences float32 [n, length, C]."""
    import keras
    import tensorflow as tf

    shared = _tensor(samples)
    mean, std = np.array(scaling.mean), np.array(scaling.std)

    def look_up(starts: Any) -> Any:
        places = starts[:, None] + tf.range(length, dtype=starts.dtype)  # [n, length]
        found = tf.cast(tf.gather(shared, places), tf.float64)  # [n, length, C]
        return tf.cast((found - mean) / std, tf.float32)  # as training_data.scale

    return keras.layers.Lambda(
        look_up, output_shape=(length, samples.shape[1]), dtype="float32", name="windows"
    )


def _tensor(samples: Float32) -> Any:
    import tensorflow as tf

    if samples.ctypes.data % ALIGNMENT or not len(samples):
        return tf.constant(samples)
    return tf.experimental.dlpack.from_dlpack(samples.__dlpack__())
