"""Recurrent layers that a board can compute as Keras does.

A board computes SimpleRNN, GRU and LSTM with the default options of Keras. Other options are
refused here, before a converter computes something else or crashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.conversion.keras_layers import RECURRENT, layers_in
from pipeline.core.errors import PipelineError

_DEFAULTS: dict[str, Any] = {  # options of a layer, where it has them
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "go_backwards": False,
    "stateful": False,
    "return_state": False,
}
_REFUSED = {
    "Bidirectional": "Bidirectional needs samples from the future",
    "Masking": "Masking skips steps, and a board cannot skip any",
    "RNN": "its cell is not one of " + ", ".join(RECURRENT),
    "ConvLSTM1D": "ConvLSTM1D is not one of " + ", ".join(RECURRENT),
    "ConvLSTM2D": "ConvLSTM2D is not one of " + ", ".join(RECURRENT),
    "ConvLSTM3D": "ConvLSTM3D is not one of " + ", ".join(RECURRENT),
}


def require_supported(keras_file: Path) -> None:
    """Refuse layers and options that a board cannot compute; the error names all of them."""
    faults = [
        f"layer `{layer['config'].get('name', layer['class_name'])}`: {fault}"
        for layer in layers_in(keras_file)
        for fault in _faults(layer)
    ]
    if faults:
        raise PipelineError(
            f"{keras_file} cannot be converted: {'; '.join(faults)}.",
            "a board computes recurrent layers as Keras makes them by default, from the first "
            "sample to the last",
            "remove these options or layers, then train again",
        )


def _faults(layer: Mapping[str, Any]) -> Iterator[str]:
    kind, options = layer["class_name"], layer["config"]
    if kind in _REFUSED:
        yield _REFUSED[kind]
    if options.get("mask_zero"):
        yield "mask_zero=True skips steps, and a board cannot skip any"
    if kind in RECURRENT:
        for option, default in _DEFAULTS.items():
            value = options.get(option, default)
            if value != default:
                yield f"{option}={_option_text(value)}, but a board has {_option_text(default)}"
        if any(_has_initial_state(node) for node in layer.get("inbound_nodes", ())):
            yield "initial_state is set, but a board begins with zeros"


def _has_initial_state(node: Mapping[str, Any]) -> bool:
    return len(node["args"]) > 1 or bool(node["kwargs"].get("initial_state"))


def _option_text(value: Any) -> str:
    """Keras saves a custom function as more than a name."""
    return value if isinstance(value, str) else str(value if isinstance(value, bool) else "custom")
