"""The last features of a classifier: what its last dense layers are given."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.compiler.graph import Tensor
from pipeline.compiler.layers import Layer, Program

_ON_THE_WAY = ("SOFTMAX", "ADD")


def last_features(program: Program) -> tuple[Tensor, ...]:
    """The inputs of the dense layers whose sum is made probabilities; none of another network.

    In the order in which the sum names the dense layers.
    """
    makers = {layer.output.storage: layer for layer in program.all_layers}
    try:
        found = tuple(_dense_inputs(program.outputs[0], makers))
    except LookupError:
        return ()
    return tuple(dict.fromkeys(found))


def _dense_inputs(tensor: Tensor, makers: dict[int, Layer]) -> Iterator[Tensor]:
    layer = makers[tensor.storage]
    inputs = [item for item in layer.inputs if isinstance(item, Tensor)]
    if layer.operators[:1] == ("FULLY_CONNECTED",) and len(layer.operators) == 1:
        yield inputs[0]
        return
    if len(layer.operators) != 1 or layer.operators[0] not in _ON_THE_WAY:
        raise LookupError(layer.name)
    for source in inputs:
        yield from _dense_inputs(source, makers)
