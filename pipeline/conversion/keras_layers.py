"""The layers of a saved Keras model, read without Keras."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.core.errors import PipelineError

RECURRENT = ("SimpleRNN", "GRU", "LSTM")  # those that a board steps


def layers_in(keras_file: Path) -> Iterator[Mapping[str, Any]]:
    """The model itself, then its layers with those inside of other models, as Keras saved them."""
    yield from _with_inner(_architecture(keras_file))


def _architecture(keras_file: Path) -> Mapping[str, Any]:
    try:
        with zipfile.ZipFile(keras_file) as archive:
            content: Mapping[str, Any] = json.loads(archive.read("config.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise PipelineError(
            f"{keras_file} is not a Keras model: {error}.",
            "the file is damaged, or of a version before Keras 3",
            "train again, or save the model with Keras 3",
        ) from None
    return content


def _with_inner(layer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The layer, and the layers inside it; not the layer inside of a wrapper."""
    yield layer
    for inner in layer["config"].get("layers", ()):
        yield from _with_inner(inner)
