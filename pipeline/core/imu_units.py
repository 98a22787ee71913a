"""Units of motion, told by the readings: how long gravity is, and how it turns with the hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.artifacts import Float64, Int64
from pipeline.core.unit_names import DEGREES, STANDARD_GRAVITY

BLOCK = 12  # rows that are looked at together
LEAST_ROWS = 4
CALMEST = 0.2  # the share of blocks that are taken for rest
STILL = 0.15  # the spread of readings at rest, by their length
NEAR = 0.12  # a sensor's gravity is so near to the true one
ALIKE = 0.6  # the share of blocks at rest that agree
LEAST_COUNTS = 16  # of 1 g
COUNTS_OF_G = tuple(2**power for power in range(8, 15))  # 256 to 16384


@dataclass(frozen=True)
class UnitByData:
    """What readings say about their unit.

    Args:
        unit: "" where they do not tell.
        factor: from the unit to g or deg/s; 0 where they do not tell.
        why: for people.
        sure: False where another unit is not impossible.
        is_zero: all readings are 0, in any unit.
    """

    unit: str
    factor: float
    why: str
    sure: bool = True
    is_zero: bool = False


def acceleration_unit(parts: Sequence[Float64]) -> UnitByData:
    """The unit of accelerations, by the length of gravity at rest.

    Args:
        parts: float64 [n, 3] each: recordings of one sensor, all in one unit.
    """
    length = gravity_length(parts)
    if length is None:
        return _unclear("the readings have no gravity, or the sensor is nowhere at rest")
    what = f"gravity is {length:.4g} long"
    if _near(length, 1.0):
        return UnitByData("g", 1.0, what)
    if _near(length, STANDARD_GRAVITY):
        return UnitByData("m/s2", 1 / STANDARD_GRAVITY, what)
    whole = all(_are_whole(part) for part in parts)
    if _near(length, 1000.0):
        if not whole:
            return UnitByData("mg", 1e-3, what)
        return _unclear(f"{what}: in mg, or 1024 counts are 1 g")
    counts = next((scale for scale in COUNTS_OF_G if _near(length, scale)), None)
    if counts is not None and whole:
        return UnitByData(f"counts {counts}", 1 / counts, what)
    possibly = f"; {length:.0f} counts are 1 g possibly" if whole and length > LEAST_COUNTS else ""
    return _unclear(f"{what}: in no unit that is known{possibly}")


def _near(length: float, wanted: float) -> bool:
    return abs(length / wanted - 1) <= NEAR


def _are_whole(values: Float64) -> bool:
    return bool(np.array_equal(values, np.rint(values)))


def _unclear(why: str) -> UnitByData:
    return UnitByData("", 0.0, why)


def gravity_length(parts: Sequence[Float64]) -> float | None:
    """The length of the acceleration at rest, in its unit; None where there is no rest."""
    blocks = [_blocks(part) for part in parts if len(part) >= LEAST_ROWS]
    if not blocks:
        return None
    lengths = np.concatenate([np.linalg.norm(block.mean(axis=1), axis=1) for block in blocks])
    spreads = np.concatenate([block.std(axis=1).max(axis=1) for block in blocks])
    calm = np.argsort(spreads, kind="stable")[: max(1, round(CALMEST * len(spreads)))]
    usual = float(np.median(lengths[calm]))
    at_rest = float(np.median(spreads[calm])) <= STILL * usual
    alike = np.mean(np.abs(lengths[calm] - usual) <= NEAR * usual) >= ALIKE
    return usual if usual > 0 and at_rest and alike else None


def _blocks(part: Float64) -> Float64:
    """float64 [blocks, rows, columns]; rows left over at the end are not used."""
    rows = min(BLOCK, len(part))
    whole = len(part) // rows
    return part[: whole * rows].reshape(whole, rows, part.shape[1])


TURN_S = 0.25  # over which the direction of gravity is compared
SMOOTH_S = 0.08
CALM_G = 0.3  # the acceleration is mostly gravity where its length is so near to 1 g
LEAST_TURNS = 20
LEAST_CORRELATION = 0.55
# Of gravity's turns by the readings' turns. A hand that swings tilts the acceleration too, so
# gravity seems to turn up to 8 times as far.
BY_TURNS = {"mdps": (2.5e-4, 8e-3), "deg/s": (0.25, 8.0), "rad/s": (DEGREES / 2, DEGREES * 8)}
LEAST_OF_WHOLE = 0.75  # whole numbers may be counts: 14 to 131 of them are 1 deg/s
FACTORS = {"mdps": 1e-3, "deg/s": 1.0, "rad/s": DEGREES}
FASTEST_RAD_S = 40.0  # no sensor measures 2300 degrees a second
FASTEST_DEG_S = 2300.0
FAST_RAD_S = 20.0  # a hand is slower; then it swings, and gravity only seems to turn so far
SLOW_DEG_S = 15.0  # a hand that moves a board turns it faster
MOVED_G = 0.2
AGAINST = 0.1  # of the turns that the readings say, where gravity was not seen to turn

Part = tuple[Float64, Float64, float]


def turning_unit(parts: Sequence[Part]) -> UnitByData:
    """The unit of turning rates, by how gravity turns in the sensor, or by their size.

    While a hand only turns a board, the direction of gravity d changes by d x w. So turns show
    the factor from the readings to radians a second; readings at rest show nothing. The axes of
    the two sensors of a board may point in opposite directions.

    Args:
        parts: of each recording the acceleration in g, float64 [n, 3], the turning rates,
            float64 [n, 3], and the rate in Hz.
    """
    peak = max((float(np.abs(turning).max()) for _, turning, _ in parts if len(turning)), default=0)
    if peak == 0:
        return UnitByData("deg/s", 1.0, "all its readings are 0", is_zero=True)
    seen, said = _all_turns(parts)
    factor = _factor_by_turns(seen, said)
    is_swing = peak > FAST_RAD_S and factor is not None and factor >= BY_TURNS["rad/s"][0]
    if factor is not None and not is_swing:
        return _by_factor(factor, all(_are_whole(turning) for _, turning, _ in parts))
    return _by_size(parts, peak, seen, said)


def _by_factor(factor: float, whole: bool) -> UnitByData:
    for unit, (least, most) in BY_TURNS.items():
        if least <= factor <= most and not (whole and factor < LEAST_OF_WHOLE):
            return UnitByData(unit, FACTORS[unit], "gravity turns as it says")
    return _unclear(f"as gravity turns, {1 / factor:.3g} of its counts are 1 deg/s, about")


def _by_size(parts: Sequence[Part], peak: float, seen: Float64, said: Float64) -> UnitByData:
    whole = all(_are_whole(turning) for _, turning, _ in parts)
    if whole and peak > FASTEST_RAD_S:
        return _unclear(f"whole numbers up to {peak:.5g} are counts, or deg/s")
    if peak > FASTEST_DEG_S:
        return _unclear(f"it reaches {peak:.5g}, more than a sensor's deg/s: in another unit")
    if peak > FASTEST_RAD_S:
        if _turns_without(seen, said):
            return _unclear(f"it reaches {peak:.4g}, but gravity does not turn so")
        return UnitByData("deg/s", 1.0, f"it reaches {peak:.4g}")
    if peak < SLOW_DEG_S and max(_moved(acceleration) for acceleration, _, _ in parts) > MOVED_G:
        why = f"a hand that moves so turns faster than {peak:.3g} deg/s"
        return UnitByData("rad/s", DEGREES, why, sure=False)
    return _unclear(f"it reaches {peak:.3g}, and turns too little to tell deg/s from rad/s")


def _moved(acceleration: Float64) -> float:
    """How far the length of the acceleration is from gravity; only a twentieth is farther."""
    return float(np.percentile(np.abs(np.linalg.norm(acceleration, axis=1) - 1), 95))


def _all_turns(parts: Sequence[Part]) -> tuple[Float64, Float64]:
    """How gravity turned, float64 [n, 3]; and by each axis' readings in deg/s, [n, axes, 3]."""
    turns = [_turns(*part) for part in parts]
    return np.concatenate([seen for seen, _ in turns]), np.concatenate([said for _, said in turns])


def _turns(acceleration: Float64, turning: Float64, rate_hz: float) -> tuple[Float64, Float64]:
    rows = max(2, round(TURN_S * rate_hz))
    ends = np.arange(rows, len(acceleration), max(1, rows // 2))
    smooth = _smoothed(acceleration, max(1, round(SMOOTH_S * rate_hz)))
    length = np.linalg.norm(smooth, axis=1)  # [n]
    direction = smooth / np.maximum(length, 1e-6)[:, None]
    calm = _sums((np.abs(length - 1) <= CALM_G)[:, None], ends, rows)[:, 0] >= 0.9 * rows
    ends = ends[calm]
    said = np.empty((len(ends), 3, 3))
    for axis, unit in enumerate(np.eye(3)):
        change = np.cross(direction, unit) * turning[:, axis, None] / (rate_hz * DEGREES)
        said[:, axis] = _sums(change, ends, rows)
    return direction[ends] - direction[ends - rows], said


def _smoothed(values: Float64, rows: int) -> Float64:
    """The means of `rows` rows around each, fewer at the ends: float64 [n, columns]."""
    at = np.arange(len(values))
    starts = np.maximum(at - rows // 2, 0)
    stops = np.minimum(at + (rows + 1) // 2, len(values))
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    smooth: Float64 = (sums[stops] - sums[starts]) / (stops - starts)[:, None]
    return smooth


def _sums(values: NDArray[Any], ends: Int64, rows: int) -> Float64:
    """The sums of the `rows` rows up to each end: float64 [ends, columns]."""
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    of_rows: Float64 = sums[ends] - sums[ends - rows]
    return of_rows


def _factor_by_turns(seen: Float64, said: Float64) -> float | None:
    """How much farther gravity turned than the readings say in deg/s; None where it is unclear."""
    if len(seen) < LEAST_TURNS or not seen.any():
        return None
    best, factor = 0.0, 0.0
    for signs in product((1, -1), repeat=3):  # of the axes of one sensor in the other
        readings = np.einsum("nax,a->nx", said, signs)
        together, of_readings = float((seen * readings).sum()), float((readings**2).sum())
        correlation = together / max((of_readings * float((seen**2).sum())) ** 0.5, 1e-12)
        if correlation > best:
            best, factor = correlation, together / of_readings
    return factor if best >= LEAST_CORRELATION else None


def _turns_without(seen: Float64, said: Float64) -> bool:
    """Whether the readings in deg/s turn gravity far, but it was not seen to turn."""
    if len(seen) < LEAST_TURNS:
        return False
    return float((seen**2).sum()) < AGAINST**2 * float((said.sum(axis=1) ** 2).sum())
