"""The child process of encoder_decoder: main(model, read, encoder, decoder, arrays)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipeline.core.pairs import (
    CONTEXT,
    DECODER,
    ENCODER,
    LOGITS,
    SOURCE_EMBEDDING,
    TARGET_EMBEDDING,
)


def main(
    model_file: Path, read_file: Path, encoder_file: Path, decoder_file: Path, arrays_file: Path
) -> None:
    """Split a saved model; arrays.npz has its embeddings, and contexts of what is read."""
    model = keras.models.load_model(model_file, compile=False)
    layers = {layer.name: layer for layer in model.layers}
    encoder = keras.Model(model.inputs[0], layers[CONTEXT].output)
    (target,) = layers[TARGET_EMBEDDING].get_weights()
    arrays = {"target": target}
    if SOURCE_EMBEDDING in layers:
        (arrays["source"],) = layers[SOURCE_EMBEDDING].get_weights()
        read, channels = model.inputs[0].shape[1], arrays["source"].shape[1]
        _network(_named(layers, ENCODER, CONTEXT), read, channels).save(encoder_file)
    else:
        encoder.save(encoder_file)
    columns = target.shape[1] + layers[CONTEXT].output.shape[1]
    _network(_named(layers, DECODER, LOGITS), model.inputs[1].shape[1], columns).save(decoder_file)
    with np.load(read_file) as read:
        for part, rows in read.items():
            arrays[f"context_{part}"] = encoder.predict(rows, batch_size=256, verbose=0)
    np.savez(arrays_file, **arrays)


def _named(layers: dict[str, Any], begin: str, last: str) -> list[Any]:
    """The recurrent layers whose names begin so, in order, and the last layer."""
    numbered = [name for name in layers if name.removeprefix(begin).isdigit()]
    return [*(layers[name] for name in numbered), layers[last]]


def _network(layers: Sequence[Any], steps: int, columns: int) -> Any:
    inputs = x = keras.Input((steps, columns), name="samples")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x, name="network")
