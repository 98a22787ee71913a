"""What a recurrent layer must be for a board to compute it as Keras does, told by layer and option.

A board steps SimpleRNN, GRU and LSTM as Keras makes them by default. What changes their
arithmetic is refused here, before a converter answers something else, or crashes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError

_DEFAULTS: dict[str, Any] = {  # options of a layer, where it has them
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "go_backwards": False,
    "stateful": False,
    "return_state": False,
}
_STEPPED = ("SimpleRNN", "GRU", "LSTM")
_REFUSED = {
    "Bidirectional": "Bidirectional hears samples before they come",
    "Masking": "Masking leaves out steps, and a board has none to leave out",
    "RNN": "its cell is not one of " + ", ".join(_STEPPED),
    "ConvLSTM1D": "ConvLSTM1D is not one of " + ", ".join(_STEPPED),
    "ConvLSTM2D": "ConvLSTM2D is not one of " + ", ".join(_STEPPED),
    "ConvLSTM3D": "ConvLSTM3D is not one of " + ", ".join(_STEPPED),
}


def require_supported(keras_file: Path) -> None:
    """Raises PipelineError that names every layer, and its option, that no board computes."""
    faults = [
        f"layer `{layer['config'].get('name', layer['class_name'])}`: {fault}"
        for layer in _layers(_architecture(keras_file))
        for fault in _faults(layer)
    ]
    if faults:
        raise PipelineError(
            f"{keras_file} cannot be converted: {'; '.join(faults)}.",
            "a board computes recurrent layers as Keras makes them by default, from the first "
            "sample to the last",
            "leave these options out, and train again",
        )


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


def _layers(layer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The layer, and those it is made of; what is in a wrapper is told of the wrapper."""
    yield layer
    for inner in layer["config"].get("layers", ()):
        yield from _layers(inner)


def _faults(layer: Mapping[str, Any]) -> Iterator[str]:
    kind, options = layer["class_name"], layer["config"]
    if kind in _REFUSED:
        yield _REFUSED[kind]
    if options.get("mask_zero"):
        yield "mask_zero=True leaves out steps, and a board has none to leave out"
    if kind in _STEPPED:
        for option, default in _DEFAULTS.items():
            value = options.get(option, default)
            if value != default:
                yield f"{option}={_told(value)}, a board has {_told(default)}"
        if any(_has_initial_state(node) for node in layer.get("inbound_nodes", ())):
            yield "initial_state is given, a board begins with zeros"


def _has_initial_state(node: Mapping[str, Any]) -> bool:
    return len(node["args"]) > 1 or bool(node["kwargs"].get("initial_state"))


def _told(value: Any) -> str:
    """A function made by hand is saved as more than a name."""
    return value if isinstance(value, str) else str(value if isinstance(value, bool) else "custom")
