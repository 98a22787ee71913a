"""Names of Keras layers, out of the names that the converter gave to tensors.

A tensor is named after the parts of layers that were merged into it, joined by semicolons:
`sequential_1/conv1d_1/Relu;sequential_1/conv1d_1/BiasAdd`. Keras opens the name scope of a layer
twice while it is traced, and TensorFlow adds a number to the second one: `conv1d`
becomes `conv1d_1`, `conv1d_1` becomes `conv1d_1_2`, and the model's own name gets one too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.compiler.graph import VIEWS, Operator, Tensor

LONGEST = 40  # characters of a name
_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED")
_NUMBER = re.compile(r"_\d+$")


@dataclass(frozen=True)
class LayerNames:
    """numbered: whether tracing added a number to every name."""

    numbered: bool

    def of(self, operator: str, inputs: tuple[Tensor | None, ...], output: Tensor | None) -> str:
        """A C identifier: the layer whose weights the operator has, or that its output names; of
        an operator without one, its last input."""
        output = output or next((item for item in inputs[::-1] if item is not None), None)
        weights = inputs[1] if operator in _WEIGHTED and len(inputs) > 1 else None
        named = [tensor.name for tensor in (weights, output) if tensor is not None]
        layers = [scope[1] for name in named for scope in _scopes(name)[:1]]
        plain = output.name.split(";")[0].split("/")[0] if output else ""
        if layers:
            plain = _NUMBER.sub("", layers[0]) if self.numbered else layers[0]
        elif plain.startswith("StatefulPartitionedCall"):
            plain = ""
        return re.sub(r"\W+", "_", plain, flags=re.ASCII).strip("_")[:LONGEST] or operator.lower()


def layer_names(tensors: Iterable[Tensor]) -> LayerNames:
    """Numbers are taken for TensorFlow's where all names have one, and are distinct without."""
    scopes = {scope for tensor in tensors for scope in _scopes(tensor.name)}
    numbered = all(_NUMBER.search(name) for scope in scopes for name in scope)
    bare = {tuple(_NUMBER.sub("", name) for name in scope) for scope in scopes}
    return LayerNames(numbered and len(bare) == len(scopes))


def with_unique_layers(operators: Iterable[Operator]) -> tuple[Operator, ...]:
    """A layer that became several operators: the later ones have their operator's name added."""
    taken: set[str] = set()
    named = []
    for operator in operators:
        stem = operator.layer
        if stem in taken:
            stem = f"{stem}_{operator.name.lower()}"
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}_{number}", number + 1
        if operator.name not in VIEWS:
            taken.add(name)
        named.append(replace(operator, layer=name))
    return tuple(named)


def _scopes(tensor: str) -> list[tuple[str, str]]:
    """Model and layer of every part of a tensor's name that has both."""
    parts = [part.split("/") for part in tensor.split(";")]
    return [(part[0], part[1]) for part in parts if len(part) > 2 and part[1]]
