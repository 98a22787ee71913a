"""How an int8 network rounds its inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.core.artifacts import Float32

LOWEST, HIGHEST = -128, 127
SMALLEST_RANGE = 1e-6


@dataclass(frozen=True)
class Int8Inputs:
    """The grid on which inputs lie: (q - zero) * step, for q from -128 to 127."""

    step: float
    zero: int

    @staticmethod
    def of(calibration: Float32) -> Int8Inputs:
        """The grid that the converter of TensorFlow Lite gives to calibration data: its range."""
        low, high = min(0.0, float(calibration.min())), max(0.0, float(calibration.max()))
        step = max(high - low, SMALLEST_RANGE) / (HIGHEST - LOWEST)
        return Int8Inputs(step, int(np.rint(LOWEST - low / step)))

    def rounded(self, inputs: Float32) -> Float32:
        """The values that the network sees; as `inputs`."""
        q = np.clip(np.rint(inputs / np.float32(self.step)) + self.zero, LOWEST, HIGHEST)
        rounded: Float32 = ((q - self.zero) * np.float32(self.step)).astype(np.float32)
        return rounded
