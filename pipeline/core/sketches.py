"""Drawings as moves of a pen, as a file has them and as a network sees them.

A drawing is [n, 3]: dx, dy, and 1 where the pen is lifted after the move. The pen begins on the
paper, at (0, 0); the move after a lift is in the air. y grows downwards.

A network sees a step for each move, [5]: dx, dy, and one of three states is 1: the pen stays DOWN,
is LIFTED, or the drawing has ENDED (Ha and Eck 2017, arXiv:1704.03477).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from pipeline.core.artifacts import Float32, Int8, Int32
from pipeline.core.contract import Contract

DX, DY, DOWN, LIFTED, ENDED = range(5)
CANVAS = 1.2  # the larger side of the paper, over that of a usual drawing
STEP_NAMES = ("dx", "dy", "down", "lifted", "ended")

Polyline: TypeAlias = Float32  # [n, 2], the places of one stroke


@dataclass(frozen=True)
class SketchDataset:
    """Drawings for training, by part: train, validation and test.

    Args:
        drawings: float32 [n, 3] each, in the unit of the file.
        augmented: those of training, changed at random; empty without augmentation.
        scale: the standard deviation of dx and dy in training.
        size: the larger side of a usual drawing of training, in the unit of the file.
        note: what was found out about the file, for people.
    """

    drawings: Mapping[str, Sequence[Float32]]
    augmented: Sequence[Float32]
    scale: float
    size: float
    fingerprint: str
    split_note: str
    note: str = ""

    @property
    def longest(self) -> int:
        """Moves of the longest drawing."""
        return max(len(drawing) for part in self.drawings.values() for drawing in part)


@dataclass(frozen=True)
class BoardDrawing:
    """What a board draws, or its C.

    Args:
        moves: int32 [n, 3]: dx and dy in thousandths of the drawing's unit, 1 where the pen is
            lifted after the move.
        has_ended: whether the network has ended it; else it was cut.
    """

    moves: Int32
    has_ended: bool

    @property
    def drawing(self) -> Float32:
        """float32 [n, 3], in its unit; at its end the pen is up."""
        found = (self.moves / (1000, 1000, 1)).astype(np.float32)
        found[-1:, 2] = 1
        return found


def mixture_values(outputs: Int8, contract: Contract) -> Float32:
    """The parameters of the mixture that int8 outputs [..., n] stand for, float32 [..., n]."""
    quantization = contract.quantization
    assert contract.mixture is not None  # it was converted
    assert quantization is not None
    lines = np.array([(line.center, line.factor) for line in contract.mixture.lines])
    real = (outputs - float(quantization.output_zero_point)) * quantization.output_scale
    values: Float32 = (lines[:, 0] + lines[:, 1] * real).astype(np.float32)
    return values


def as_steps(drawings: Sequence[Float32], scale: float, length: int) -> Float32:
    """What a network is to draw: float32 [n, length, 5], with ENDED after the last move.

    Args:
        drawings: [moves, 3] each, of fewer moves than `length`.
        scale: of dx and dy, becomes 1.
    """
    steps = np.zeros((len(drawings), length, 5), np.float32)
    for row, drawing in zip(steps, drawings, strict=True):
        count = len(drawing)
        row[:count, :DOWN] = drawing[:, :2] / scale
        row[:count, LIFTED] = drawing[:, 2]
        row[:count, DOWN] = 1 - drawing[:, 2]
        row[count:, ENDED] = 1
    return steps


def steps_before(steps: Float32) -> Float32:
    """The step before each, float32 [n, T, 5]; before the first one the pen is put down."""
    shifted = np.zeros_like(steps)
    shifted[:, 0, DOWN] = 1
    shifted[:, 1:] = steps[:, :-1]
    return shifted


def until_ended(steps: Float32, scale: float) -> Float32:
    """The drawing, float32 [moves, 3], that steps [T, 5] stand for; at its end the pen is up."""
    ends = np.flatnonzero(steps[:, ENDED])
    drawn = steps[: ends[0]] if len(ends) else steps
    drawing = np.column_stack([drawn[:, :DOWN] * scale, drawn[:, LIFTED]]).astype(np.float32)
    drawing[-1:, 2] = 1
    return drawing


def polylines(drawing: Float32) -> list[Polyline]:
    """The strokes of a drawing."""
    places = np.concatenate([np.zeros((1, 2), np.float32), np.cumsum(drawing[:, :2], axis=0)])
    ends = np.flatnonzero(drawing[:, 2]) + 2
    return [stroke for stroke in np.split(places, ends) if len(stroke)]


def moves(strokes: Sequence[Polyline]) -> Float32:
    """The drawing, float32 [moves, 3], of strokes; it begins at the first place of the first."""
    places = np.concatenate(strokes)
    lifted = np.concatenate([np.arange(len(stroke)) == len(stroke) - 1 for stroke in strokes])
    drawing = np.column_stack([np.diff(places, axis=0, prepend=places[:1]), lifted])
    starts_with_dot = len(strokes[0]) == 1
    return drawing[0 if starts_with_dot else 1 :].astype(np.float32)


def side(drawing: Float32) -> float:
    """The larger side of the box around a drawing."""
    places = np.concatenate(polylines(drawing))
    return float(np.ptp(places, axis=0).max())
