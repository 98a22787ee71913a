"""The child process of embedding: main(model, body, table)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np


def main(model_file: Path, body_file: Path, table_file: Path) -> None:
    """Split a saved model into its embedding and the network after it."""
    model = keras.models.load_model(model_file, compile=False)
    embedding, body = split(model)
    body.save(body_file)
    np.save(table_file, embedding)


def split(model: Any) -> tuple[Any, Any]:
    """The embedding, float32 [tokens, channels], and the network after it."""
    layers = (layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer))
    first = next(layers)
    if not isinstance(first, keras.layers.Embedding):
        raise ValueError(f"layer `{first.name}` is the first one and is not an Embedding")
    (table,) = first.get_weights()
    return table, keras.Model(first.output, model.output, name="network")
