"""Readings at the end of the sensor's range, counted while they arrive. Pure."""

from __future__ import annotations

FULL_SCALES = ((2, 4, 8, 16), (125, 250, 500, 1000, 2000))  # g, deg/s: those IMUs are built with
NEAR = 0.005  # a sensor's end lies this share of full scale beside it at most
ACCELERATIONS = 3


class Clipping:
    """`samples`: how many had an axis that stood still at a full scale.

    Passing a full scale of a smaller range by chance is not clipping; staying there is.
    """

    def __init__(self) -> None:
        self.samples = 0
        self._before: tuple[int, ...] = ()

    def add(self, values: tuple[int, ...]) -> None:
        """values: three or six, in thousandths of g and deg/s."""
        stays = (
            at
            for at, pair in enumerate(zip(values, self._before, strict=False))
            if pair[0] == pair[1]
        )
        self.samples += any(_at_an_end(at, values[at]) for at in stays)
        self._before = values


def _at_an_end(axis: int, thousandths: int) -> bool:
    scales = FULL_SCALES[axis >= ACCELERATIONS]
    size = abs(thousandths) / 1000
    return any(abs(size - scale) <= NEAR * scale for scale in scales)
