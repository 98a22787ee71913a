"""Constants of a mixture of normal distributions of a pen's next move."""

from __future__ import annotations

STATES = 3  # of the pen: it stays down, is lifted, the drawing has ended
PARAMETERS = 6  # of a normal distribution in two dimensions
LEAST_DEVIATION = 0.01  # of the scale: moves are whole numbers, and one of them is never certain
MOST_CORRELATION = 0.99
FURTHEST_MOVE = 2_000_000_000  # in thousandths: a board draws none beyond, see sketcher.c
