"""The child process of quantize: main(model, windows, flatbuffer)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pipeline.conversion.model_vectors import arrays_for


def main(model: Path, windows_file: Path, flatbuffer_file: Path) -> None:
    """Quantize a saved model; the windows are its calibration data."""
    network = keras.models.load_model(model, compile=False)
    with np.load(windows_file) as file:
        windows = arrays_for([source.name for source in network.inputs], dict(file))
    for source, values in zip(network.inputs, windows, strict=True):
        require_fit(source.shape[1:], values.shape[1:])
    fixed = with_batch_of_one(network, [values.shape[1:] for values in windows])
    flatbuffer_file.write_bytes(int8_flatbuffer(fixed, *windows))


def require_fit(wanted: Any, found: Any) -> None:
    """Raise ValueError, in words, where the windows are no inputs of the model."""
    free = len(wanted) == len(found) and all(
        size in (None, length) for size, length in zip(wanted, found, strict=True)
    )
    if not free:
        raise ValueError(f"the inputs have shape {list(found)}, and it takes {list(wanted)}")


def with_batch_of_one(model: Any, shapes: Sequence[tuple[int, ...]] | None = None) -> Any:
    """The same network with a fixed batch: a free one makes TFLite Micro answer wrongly.

    shapes: of its inputs without the batch, where its own have free axes.

    Names are set because Keras numbers them by what else its process has built, and they end
    up in the flatbuffer.
    """
    keras.backend.clear_session()
    names = [source.name for source in model.inputs] if len(model.inputs) > 1 else ["samples"]
    shapes = shapes or [source.shape[1:] for source in model.inputs]
    sources = [
        keras.Input(batch_shape=(1, *shape), name=name)
        for shape, name in zip(shapes, names, strict=True)
    ]
    fixed = keras.models.clone_model(model, input_tensors=sources if len(names) > 1 else sources[0])
    fixed.name = "network"
    fixed.set_weights(model.get_weights())
    return fixed


def int8_flatbuffer(model: Any, *windows: Any) -> bytes:
    """windows: of each input, float32 [n, T, C]."""

    def calibration() -> Iterator[list[Any]]:
        for rows in zip(*windows, strict=True):
            yield [row[np.newaxis] for row in rows]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    content: bytes = converter.convert()
    return content
