"""What a recurrent layer must be for a board to compute it as Keras does, told by layer and option.

A board steps SimpleRNN, GRU and LSTM as Keras makes them by default. What changes their
arithmetic is refused here, before a converter answers something else, or crashes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.conversion.keras_layers import RECURRENT, layers_in
from pipeline.errors import PipelineError

_DEFAULTS: dict[str, Any] = {  # options of a layer, where it has them
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "go_backwards": False,
    "stateful": False,
    "return_state": False,
}
_REFUSED = {
    "Bidirectional": "Bidirectional hears samples before they come",
    "Masking": "Masking leaves out steps, and a board has none to leave out",
    "RNN": "its cell is not one of " + ", ".join(RECURRENT),
    "ConvLSTM1D": "ConvLSTM1D is not one of " + ", ".join(RECURRENT),
    "ConvLSTM2D": "ConvLSTM2D is not one of " + ", ".join(RECURRENT),
    "ConvLSTM3D": "ConvLSTM3D is not one of " + ", ".join(RECURRENT),
}


def require_supported(keras_file: Path) -> None:
    """Raises PipelineError that names every layer, and its option, that no board computes."""
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
            "leave these options out, and train again",
        )


def _faults(layer: Mapping[str, Any]) -> Iterator[str]:
    kind, options = layer["class_name"], layer["config"]
    if kind in _REFUSED:
        yield _REFUSED[kind]
    if options.get("mask_zero"):
        yield "mask_zero=True leaves out steps, and a board has none to leave out"
    if kind in RECURRENT:
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
