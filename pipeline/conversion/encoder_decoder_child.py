"""The child process of encoder_decoder: main(model, tokens, encoder, decoder, arrays)."""

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
    model_file: Path, tokens_file: Path, encoder_file: Path, decoder_file: Path, arrays_file: Path
) -> None:
    """Split a saved model; arrays.npz has its embeddings, and contexts of texts."""
    model = keras.models.load_model(model_file, compile=False)
    layers = {layer.name: layer for layer in model.layers}
    (source,), (target,) = (
        layers[name].get_weights() for name in (SOURCE_EMBEDDING, TARGET_EMBEDDING)
    )
    steps, read = model.inputs[1].shape[1], model.inputs[0].shape[1]
    context = layers[CONTEXT].output.shape[1]
    _network(_named(layers, ENCODER, CONTEXT), read, source.shape[1]).save(encoder_file)
    columns = target.shape[1] + context
    _network(_named(layers, DECODER, LOGITS), steps, columns).save(decoder_file)
    encoder = keras.Model(model.inputs[0], layers[CONTEXT].output)
    with np.load(tokens_file) as tokens:
        contexts = {
            f"context_{part}": encoder.predict(tokens[part], batch_size=256, verbose=0)
            for part in tokens
        }
    np.savez(arrays_file, source=source, target=target, **contexts)


def _named(layers: dict[str, Any], begin: str, last: str) -> list[Any]:
    """The recurrent layers whose names begin so, in order, and the last layer."""
    numbered = [name for name in layers if name.removeprefix(begin).isdigit()]
    return [*(layers[name] for name in numbered), layers[last]]


def _network(layers: Sequence[Any], steps: int, columns: int) -> Any:
    inputs = x = keras.Input((steps, columns), name="samples")
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x, name="network")
