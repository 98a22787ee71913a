"""The twin of a model that draws: the firmware's moves of the pen.

firmware/boards/twin/twin.h describes the C function.
"""

from __future__ import annotations

import ctypes

import numpy as np

from pipeline.core.sketches import BoardDrawing
from pipeline.twin.library import Twin, pointer
from pipeline.twin.text_twin import temperature_e4_of

COLUMNS = 3  # of a move


class SketchTwin:
    """The twin of a model that draws."""

    def __init__(self, twin: Twin) -> None:
        self._twin, self.library = twin, twin.library

    def draw(self, temperature: float, seed: int) -> BoardDrawing:
        """Draw until the network ends the drawing, or it has as many moves as it may have."""
        moves = np.empty((self._twin.window - 1, COLUMNS), np.int32)
        has_ended = ctypes.c_bool()
        request = (temperature_e4_of(temperature), ctypes.c_uint32(seed))
        count: int = self.library.twin_draw(*request, pointer(moves), ctypes.byref(has_ended))
        return BoardDrawing(moves[:count], has_ended.value)
