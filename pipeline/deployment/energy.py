"""What an inference takes of time and energy on the Nano 33 BLE's chip."""

from __future__ import annotations

from dataclasses import dataclass

CLOCK_HZ = 64e6
# nRF52840 Product Specification, "CPU": 52 uA a MHz, running from flash with its cache on, through
# the DC/DC converter at 3 V. The chip alone, without the sensor, the lamp and the regulator.
COMPUTING_A = 52e-6 * 64
SUPPLY_V = 3.0
CYCLES_PER_INSTRUCTION = 1.3  # as in pipeline.budget: loads and branches take longer than one


@dataclass(frozen=True)
class Estimate:
    """measured: the time is the board's own, else reckoned from instructions."""

    inference_ms: float
    inference_uj: float
    measured: bool


def estimate_from_cycles(cycles: float) -> Estimate:
    """Of what the real board's cycle counter counted."""
    return _estimate(cycles / CLOCK_HZ, measured=True)


def estimate_from_instructions(instructions: float) -> Estimate:
    """Of what the virtual board counted."""
    return _estimate(instructions * CYCLES_PER_INSTRUCTION / CLOCK_HZ, measured=False)


def _estimate(seconds: float, measured: bool) -> Estimate:
    return Estimate(seconds * 1e3, seconds * COMPUTING_A * SUPPLY_V * 1e6, measured)
