"""Recurrent cells in integers: the definition of the bytes that a board computes.

docs/engine.md describes it. Inputs and states are int16, weights int8. Sums of products are int32;
they are rescaled once, to a fixed point of FRACTION_BITS, in which the parts of a gate are added.
The firmware's kernels do the same in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.cells.operators import (
    GRU,
    GRU_RESET_BEFORE,
    LSTM,
    SIMPLE_RNN,
    STATE_SCALE,
    Cell,
    Matrix,
)

Integers = NDArray[np.int64]

FRACTION_BITS = 15  # of a gate before its activation
TABLE_BITS = 5  # of FRACTION_BITS, the index into the table; the other bits interpolate
SATURATION = 8  # beyond it tanh is 1
MOST_SHIFT = 8  # of weights to the left, so that they stay int16
INT8_GAIN = 256  # an int8 input becomes the high byte of an int16
_WEIGHT_MOST = 2**15
_INT32_MAX = 2**31 - 1
_HALF = 2**15


def _tanh_table() -> Integers:
    """tanh from -SATURATION to SATURATION, shifted where it is curved.

    So the error of the interpolation is the same to both sides.
    """
    step = 2.0**-TABLE_BITS
    exact = np.tanh(np.arange(-SATURATION, SATURATION + step, step))
    curvature = -2 * exact * (1 - exact**2)
    entries = np.rint(_HALF * (exact - curvature * step**2 / 12)).astype(np.int64)
    clipped: Integers = np.clip(entries, -_HALF, _HALF - 1)
    return clipped


TANH_TABLE = _tanh_table()


@dataclass(frozen=True)
class FixedMatrix:
    """A matrix in integers: ((weights << shift) @ input) * multipliers / 2^32 + base.

    Rounded to the nearest, ties upwards.

    Args:
        weights: [rows, inputs], int8 values.
        multipliers: [rows].
    """

    weights: Integers
    shift: int
    multipliers: Integers
    base: Integers

    def apply(self, inputs: Integers, added: Integers | None = None) -> Integers:
        """Multiply: inputs [n, inputs] to [n, rows]; `added` [n, rows] replaces the base."""
        sums: Integers = inputs @ (self.weights << self.shift).T
        return _high(sums * self.multipliers) + (self.base if added is None else added)

    @property
    def largest(self) -> Integers:
        """The bound of the result of `apply` for any input, without the base: [rows]."""
        sums: Integers = np.abs(self.weights << self.shift).sum(axis=1) * _HALF
        return (sums * self.multipliers >> 32) + 1


@dataclass(frozen=True)
class FixedCell:
    """A cell in integers; matrices by the names of their weights."""

    cell: Cell
    matrices: Mapping[str, FixedMatrix]

    @classmethod
    def of(cls, cell: Cell) -> FixedCell:
        """Convert a cell; ValueError says why its weights do not fit."""
        joined = _with_joined_biases(cell)
        fixed = {name: _fixed(cell, name, matrix) for name, matrix in joined.items()}
        result = cls(cell, fixed)
        result._check_overflow()
        return result

    def start(self, count: int) -> dict[str, Integers]:
        """States of zero for `count` sequences."""
        shape = (count, self.cell.units)
        return {state: np.zeros(shape, np.int64) for state, _ in self.cell.kind.states}

    def step(self, x: Integers, states: dict[str, Integers]) -> dict[str, Integers]:
        """The new states, by name, int16 [n, units]; x: [n, inputs], of int8 or of another cell."""
        widened = x * INT8_GAIN if self.cell.takes_int8 else x
        from_x = self.matrices["kernel"].apply(widened)
        if self.cell.kind is LSTM:
            return self._lstm(from_x, states["h"], states["c"])
        if self.cell.kind is SIMPLE_RNN:
            return {"h": tanh(self.matrices["recurrent"].apply(states["h"], from_x))}
        return {"h": self._gru(from_x, states["h"])}

    def _gru(self, from_x: Integers, h: Integers) -> Integers:
        gates, units = 2 * self.cell.units, self.cell.units
        recurrent = self.matrices["recurrent"]
        if self.cell.kind is GRU:
            from_h = recurrent.apply(h, _with_base(from_x[:, :gates], recurrent.base[gates:]))
            opened = tanh(from_h[:, :gates])
            reset = (opened[:, units:] + _HALF) << 15
            candidate = tanh(from_x[:, gates:] + _high(from_h[:, gates:] * reset))
        else:
            opened = tanh(recurrent.apply(h, from_x[:, :gates]))
            reset = _gated(opened[:, units:], h)
            of_reset = self.matrices["candidate_recurrent"]
            candidate = tanh(of_reset.apply(reset, from_x[:, gates:]))
        difference = h - candidate
        moved = (difference * opened[:, :units] + (_HALF >> 1)) >> 15
        return (h + candidate + moved + 1) >> 1

    def _lstm(self, from_x: Integers, h: Integers, c: Integers) -> dict[str, Integers]:
        bits = self.cell.carry_bits
        opened = tanh(self.matrices["recurrent"].apply(h, from_x))
        i, f, g, o = np.split(opened, 4, axis=1)
        kept = (f + _HALF) * c >> 1
        added = (i + _HALF) * g >> (1 + bits)
        carried = np.clip((kept + added + (_HALF >> 1)) >> 15, -_HALF, _HALF - 1)
        return {"h": _gated(o, tanh(carried << bits)), "c": carried}

    def _check_overflow(self) -> None:
        """The parts of a gate must fit 32 bits, added in any order."""
        kernel, recurrent = self.matrices["kernel"], self.matrices["recurrent"]
        most = kernel.largest + np.abs(kernel.base)
        if self.cell.kind is GRU_RESET_BEFORE:
            of_reset = self.matrices["candidate_recurrent"]
            most += np.concatenate((recurrent.largest, of_reset.largest))
        else:
            most += recurrent.largest + np.abs(recurrent.base)
        if most.max() > _INT32_MAX:
            raise ValueError("its gates can become larger than 65536")


def tanh(value: Integers) -> Integers:
    """tanh of a fixed-point value, int16: interpolated from the table, ties upwards."""
    bits = FRACTION_BITS - TABLE_BITS
    limit = SATURATION << FRACTION_BITS
    inside = np.clip(value, -limit, limit - 1)
    index, part = (inside + limit) >> bits, inside & ((1 << bits) - 1)
    sums = TANH_TABLE[index] * ((1 << bits) - part) + TANH_TABLE[index + 1] * part
    interpolated: Integers = (sums + (1 << bits >> 1)) >> bits
    return interpolated


def _gated(opened: Integers, value: Integers) -> Integers:
    """value * sigmoid(x), from tanh(x / 2) = 2 * sigmoid(x) - 1."""
    return ((opened + _HALF) * value + _HALF) >> 16


def _high(product: Integers) -> Integers:
    return (product + (1 << 31)) >> 32


def _with_base(added: Integers, base: Integers) -> Integers:
    return np.concatenate((added, np.broadcast_to(base, (len(added), len(base)))), axis=1)


def _with_joined_biases(cell: Cell) -> dict[str, Matrix]:
    """All biases added to that of the kernel, but those that a reset gate multiplies."""
    kernel, *others = (cell.matrices[name] for name in cell.matrices)
    after = np.concatenate([item.bias for item in others])
    stays = np.arange(len(after)) >= 2 * cell.units if cell.kind is GRU else np.False_
    joined = {"kernel": replace(kernel, bias=kernel.bias + np.where(stays, 0.0, after))}
    kept = np.split(np.where(stays, after, 0.0), [len(others[0].bias)])
    names = list(cell.matrices)[1:]
    pairs = zip(names, others, kept, strict=False)
    return joined | {name: replace(item, bias=bias) for name, item, bias in pairs}


def _fixed(cell: Cell, name: str, matrix: Matrix) -> FixedMatrix:
    """A matrix in integers.

    Sigmoid gates are halved: sigmoid(x) = (1 + tanh(x / 2)) / 2. What the reset gate of a GRU
    multiplies is doubled.
    """
    is_kernel = name == "kernel"
    gain = INT8_GAIN if is_kernel and cell.takes_int8 else 1
    scale, zero_point = (cell.x_scale, cell.x_zero_point) if is_kernel else (STATE_SCALE, 0)
    factors = _factors(cell, name)
    steps = matrix.scales * scale * factors
    weights = matrix.weights.astype(np.int64)
    steps = np.where(np.any(weights, axis=1), steps, 0.0)
    real = matrix.bias * factors - zero_point * steps * weights.sum(axis=1)
    base = np.rint(real * 2.0**FRACTION_BITS)
    wanted = steps / gain * 2.0 ** (FRACTION_BITS + 32)
    shift = max(0, int(np.ceil(np.log2(max(wanted.max() / _INT32_MAX, 1e-9)))))
    multipliers = np.rint(wanted / 2.0**shift)
    if shift > MOST_SHIFT or np.abs(base).max() > _INT32_MAX or multipliers.max() > _INT32_MAX:
        raise ValueError("a weight times a step of its input is too large")
    shifted = np.abs(weights << shift)
    if shifted.max() >= _WEIGHT_MOST or shifted.sum(axis=1).max() * _HALF > _INT32_MAX:
        raise ValueError("its sums can pass 32 bits")
    return FixedMatrix(weights, shift, multipliers.astype(np.int64), base.astype(np.int64))


def _factors(cell: Cell, name: str) -> NDArray[np.float64]:
    """A factor for each row."""
    by_kind = {
        SIMPLE_RNN.name: [1.0],
        GRU.name: [0.5, 0.5, 2.0 if name == "recurrent" else 1.0],
        GRU_RESET_BEFORE.name: [0.5, 0.5] + ([1.0] if name == "kernel" else []),
        LSTM.name: [0.5, 0.5, 1.0, 0.5],
    }
    factors = [1.0] if name == "candidate_recurrent" else by_kind[cell.kind.name]
    return np.repeat(factors, cell.units)
