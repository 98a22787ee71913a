"""Recurrent cells, found again among the operators of a one-step network."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.cells.operators import KINDS, STATE_SCALE, Cell, CellKind, CellOperator, Matrix
from pipeline.compiler.graph import CellStep, Tensor
from pipeline.compiler.parsed import ParsedOperator

MOST_UNITS = 1024
MOST_CARRY_BITS = 8
_MAY_BE_FUSED = ("FULLY_CONNECTED", "ADD", "SUB", "MUL")


@dataclass(frozen=True)
class _Found:
    """tensors: by the names of cells/operators.py; source: what `x` was quantized from, or `x`."""

    kind: CellKind
    tensors: Mapping[str, Tensor]
    source: Tensor
    first: ParsedOperator
    end: int


def extract_cells(
    parsed: Sequence[ParsedOperator], states: Sequence[tuple[Tensor, Tensor]]
) -> tuple[tuple[CellStep, ...], list[ParsedOperator]]:
    """The cells, and the operators that belong to none of them.

    states: of the whole network, as they go in and as they come out. Raises PipelineError, by
    operator and layer, for cells that the engine does not have.
    """
    steps: list[CellStep] = []
    others: list[ParsedOperator] = []
    index = 0
    while index < len(parsed):
        found = _cell_at(parsed, index)
        if found is None:
            others.append(parsed[index])
            index += 1
            continue
        steps.append(_step(found, states, steps))
        index = found.end
    if sum(len(step.cell.kind.states) for step in steps) != len(states):
        raise parsed[0].refuse("the network has states that belong to no recurrent cell")
    return tuple(steps), others


def _cell_at(parsed: Sequence[ParsedOperator], index: int) -> _Found | None:
    first = parsed[index]
    widens = first.name == "QUANTIZE" and first.outputs[0].dtype == "INT16"
    start = index + 1 if widens else index
    for kind in KINDS:
        end = start + len(kind.operators)
        tensors = _bound(kind.operators, parsed[start:end])
        if tensors is None:
            continue
        source = first.inputs[0] if widens else tensors["x"]
        if source is None or (widens and first.outputs[0].index != tensors["x"].index):
            raise first.refuse("it is not connected as a cell is")
        return _Found(kind, tensors, source, parsed[start], end)
    return None


def _bound(
    operators: Sequence[CellOperator], parsed: Sequence[ParsedOperator]
) -> dict[str, Tensor] | None:
    """The tensors that stand for the names; None where the operators are others."""
    if [item.name for item in operators] != [item.name for item in parsed]:
        return None
    bound: dict[str, Tensor] = {}
    for wanted, found in zip(operators, parsed, strict=True):
        inputs = found.inputs[1:] if wanted.name == "SPLIT" else found.inputs
        names, tensors = (*wanted.inputs, *wanted.outputs), (*inputs, *found.outputs)
        if len(names) != len(tensors):
            return None
        for name, tensor in zip(names, tensors, strict=True):
            if tensor is None or bound.setdefault(name, tensor).index != tensor.index:
                return None
        _check_plain(found)
    return bound


def _check_plain(parsed: ParsedOperator) -> None:
    options = parsed.table.table(4)
    is_fused = options is not None and parsed.name in _MAY_BE_FUSED and options.number(0, "b")
    if is_fused:
        raise parsed.refuse("a recurrent cell has no fused activation")
    if parsed.name == "SPLIT":
        axis = parsed.inputs[0]
        data = b"" if axis is None or axis.data is None else bytes(axis.data)
        sizes = {output.elements for output in parsed.outputs}
        if data not in (b"\x01\0\0\0", b"\xff\xff\xff\xff") or len(sizes) != 1:
            raise parsed.refuse("a recurrent cell splits its gates along the last axis")


def _step(
    found: _Found, states: Sequence[tuple[Tensor, Tensor]], before: Sequence[CellStep]
) -> CellStep:
    tensors, units = found.tensors, found.tensors["h"].elements
    wanted = [(tensors[old].index, tensors[new].index) for old, new in found.kind.states]
    known = {(old.index, new.index) for old, new in states}
    if not known.issuperset(wanted):
        raise found.first.refuse("its state does not go in and come out of the network")
    if any(item.dtype != "INT16" for item in tensors.values() if item.data is None):
        raise found.first.refuse("a recurrent cell works on int16")
    if any(tensors[name].elements != units for pair in found.kind.states for name in pair):
        raise found.first.refuse("its states differ in size")
    if not 1 <= units <= MOST_UNITS or found.source.elements > MOST_UNITS:
        raise found.first.refuse(f"it has more than {MOST_UNITS} inputs or units")
    cell = Cell(
        kind=found.kind,
        layer=found.first.layer,
        inputs=found.source.elements,
        units=units,
        takes_int8=not before,
        x_scale=_x_scale(found, before),
        x_zero_point=found.source.zero_point if not before else 0,
        carry_bits=_carry_bits(found),
        matrices=_matrices(found, units),
    )
    return CellStep(cell, found.source, tensors["new_h"])


def _x_scale(found: _Found, before: Sequence[CellStep]) -> float:
    source, x = found.source, found.tensors["x"]
    if before and source.index == before[-1].h.index:
        return STATE_SCALE
    plain = len(source.scales) == len(source.zero_points) == len(x.scales) == 1
    if before or source.dtype != "INT8" or not plain or source.scale != x.scale:
        raise found.first.refuse("it takes neither int8 columns nor the state of the cell before")
    return source.scale


def _carry_bits(found: _Found) -> int:
    """Of all states, that of h is fixed."""
    bits = 0
    for old, new in found.kind.states:
        scales = {*found.tensors[old].scales, *found.tensors[new].scales}
        steps = scales.pop() / STATE_SCALE if len(scales) == 1 else 0.0
        power = math.frexp(steps)[1] - 1
        if steps != 2.0**power or not 0 <= power <= (0 if old == "h" else MOST_CARRY_BITS):
            raise found.first.refuse("the scale of its state is not what the engine keeps")
        bits = max(bits, power)
    return bits


def _matrices(found: _Found, units: int) -> dict[str, Matrix]:
    matrices = {}
    for operator in found.kind.operators:
        if operator.name == "FULLY_CONNECTED":
            source, weights, bias = (found.tensors[name] for name in operator.inputs)
            result = found.tensors[operator.outputs[0]]
            if weights.shape != (result.elements, source.elements) or result.elements % units:
                raise found.first.refuse(f"its weights have shape {list(weights.shape)}")
            matrices[operator.inputs[1]] = _matrix(found, weights, bias, source.scale)
    gates = matrices["kernel"].weights.shape[0] // units
    others = sum(len(item.bias) for item in matrices.values()) // units - gates
    if gates != found.kind.gates or others != gates:
        raise found.first.refuse(f"it has {gates} gates of its input, {others} of its state")
    return matrices


def _matrix(found: _Found, weights: Tensor, bias: Tensor, input_scale: float) -> Matrix:
    """The bias is taken in steps of the weights' and the input's scales."""
    rows = weights.shape[0]
    sound = weights.dtype == "INT8" and not any(weights.zero_points)
    if weights.data is None or not sound or len(weights.scales) not in (1, rows):
        raise found.first.refuse("its weights are not int8, quantized symmetrically by row")
    if bias.data is None or bias.dtype != "INT64" or bias.elements != rows:
        raise found.first.refuse("its bias is not int64, one a row")
    scales: NDArray[np.float64] = np.broadcast_to(np.array(weights.scales, np.float64), rows)
    if not np.all(np.isfinite(scales) & (scales > 0)):
        raise found.first.refuse("the scales of its weights make no sense")
    values = np.frombuffer(weights.data, np.int8).reshape(weights.shape)
    real = np.frombuffer(bias.data, "<i8").astype(np.float64) * scales * input_scale
    return Matrix(values, scales, real)
