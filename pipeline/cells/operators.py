"""Recurrent cells as operators of TensorFlow Lite: conversion writes them, the compiler reads them.

One step of a cell takes `x` [1, inputs] and its states, and gives the new states. All are int16
with zero point 0; `x` is quantized from int8 unless it comes from another cell. Weights are int8
[gates * units, inputs], with one scale for each row; biases are int64. Gates have the order of
Keras: z r h of a GRU, i f g o of an LSTM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STATE_SCALE = 2.0**-15  # of h, which is between -1 and 1


@dataclass(frozen=True)
class CellOperator:
    """One operator of a cell; inputs and outputs are names of tensors in the cell."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class CellKind:
    """A kind of cell; states: pairs of the name of a state and of the new state."""

    name: str
    gates: int
    states: tuple[tuple[str, str], ...]
    operators: tuple[CellOperator, ...]

    @property
    def constants(self) -> tuple[str, ...]:
        """The names of weights and biases, in the order of the operators."""
        dense = [item for item in self.operators if item.name == "FULLY_CONNECTED"]
        return tuple(name for item in dense for name in item.inputs[1:])


def _kind(name: str, gates: int, states: str, text: str) -> CellKind:
    """text: one operator in each line, `OPERATOR inputs -> outputs`."""
    operators = []
    for line in text.strip().splitlines():
        sources, _, results = line.partition("->")
        operator, *inputs = sources.split()
        operators.append(CellOperator(operator, tuple(inputs), tuple(results.split())))
    pairs = tuple((state, f"new_{state}") for state in states.split())
    return CellKind(name, gates, pairs, tuple(operators))


_SIMPLE_RNN = """
FULLY_CONNECTED x kernel bias -> from_x
FULLY_CONNECTED h recurrent recurrent_bias -> from_h
ADD from_x from_h -> sum
TANH sum -> new_h
"""

_GRU = """
FULLY_CONNECTED x kernel bias -> from_x
FULLY_CONNECTED h recurrent recurrent_bias -> from_h
SPLIT from_x -> x_z x_r x_h
SPLIT from_h -> h_z h_r h_h
ADD x_z h_z -> sum_z
LOGISTIC sum_z -> z
ADD x_r h_r -> sum_r
LOGISTIC sum_r -> r
MUL r h_h -> reset
ADD x_h reset -> sum_h
TANH sum_h -> candidate
SUB h candidate -> difference
MUL z difference -> kept
ADD candidate kept -> new_h
"""

_GRU_RESET_BEFORE = """
FULLY_CONNECTED x kernel bias -> from_x
FULLY_CONNECTED h recurrent recurrent_bias -> from_h
SPLIT from_x -> x_z x_r x_h
SPLIT from_h -> h_z h_r
ADD x_z h_z -> sum_z
LOGISTIC sum_z -> z
ADD x_r h_r -> sum_r
LOGISTIC sum_r -> r
MUL r h -> reset
FULLY_CONNECTED reset candidate_recurrent candidate_bias -> from_reset
ADD x_h from_reset -> sum_h
TANH sum_h -> candidate
SUB h candidate -> difference
MUL z difference -> kept
ADD candidate kept -> new_h
"""

_LSTM = """
FULLY_CONNECTED x kernel bias -> from_x
FULLY_CONNECTED h recurrent recurrent_bias -> from_h
ADD from_x from_h -> sum
SPLIT sum -> sum_i sum_f sum_g sum_o
LOGISTIC sum_i -> i
LOGISTIC sum_f -> f
TANH sum_g -> g
LOGISTIC sum_o -> o
MUL f c -> kept
MUL i g -> added
ADD kept added -> new_c
TANH new_c -> squashed
MUL o squashed -> new_h
"""

SIMPLE_RNN = _kind("SIMPLE_RNN", 1, "h", _SIMPLE_RNN)
GRU = _kind("GRU", 3, "h", _GRU)
GRU_RESET_BEFORE = _kind("GRU_RESET_BEFORE", 3, "h", _GRU_RESET_BEFORE)
LSTM = _kind("LSTM", 4, "h c", _LSTM)
KINDS = (SIMPLE_RNN, GRU, GRU_RESET_BEFORE, LSTM)


@dataclass(frozen=True)
class Matrix:
    """Weights int8 [rows, inputs], their scales float64 [rows], and a real bias float64 [rows]."""

    weights: NDArray[np.int8]
    scales: NDArray[np.float64]
    bias: NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """A cell as a .tflite file has it.

    Args:
        takes_int8: whether x is int8; from another cell it is int16.
        x_scale: of the input; STATE_SCALE from another cell.
        x_zero_point: of the input; 0 from another cell.
        carry_bits: a carried state c is int16 in steps of 2^(carry_bits - 15).
        matrices: by the names of their weights.
    """

    kind: CellKind
    layer: str
    inputs: int
    units: int
    takes_int8: bool
    x_scale: float
    x_zero_point: int
    carry_bits: int
    matrices: Mapping[str, Matrix]


@dataclass(frozen=True)
class Recurrence:
    """Cells, one after the other, on columns of `receptive_field` samples."""

    cells: tuple[Cell, ...]
    receptive_field: int
    stride: int
