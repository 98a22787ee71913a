"""A recording of a hand that rests and, every two seconds, turns for a while."""

from __future__ import annotations

import numpy as np

from pipeline.artifacts import Recording

RATE_HZ = 100.0
PERIOD_US = 10_000
EVERY_S = 2.0
REST_S = 1.2  # before each turn
TURN_S = 0.6
TURN_DPS = 300.0


def pulses(seconds: float) -> Recording:
    """At 1 g, with noise; gx stands at TURN_DPS for TURN_S of every EVERY_S."""
    n = round(seconds * RATE_HZ)
    phase = np.arange(n) % round(EVERY_S * RATE_HZ)
    turning = (phase >= round(REST_S * RATE_HZ)) & (phase < round((REST_S + TURN_S) * RATE_HZ))
    samples = np.random.default_rng(1).normal(0, 0.01, (n, 6))
    samples[:, 2] += 1.0
    samples[:, 3:] *= 100
    samples[turning, 3] += TURN_DPS
    return Recording(
        samples=(np.rint(samples * 1000) / 1000).astype(np.float32),
        seq=np.arange(n, dtype=np.int64),
        t_us=np.arange(n, dtype=np.int64) * PERIOD_US,
        rate_hz=RATE_HZ,
        label="pulses",
        person="nobody",
    )
