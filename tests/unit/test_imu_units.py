"""Units that only readings tell: the length of gravity, and how a hand turns it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.artifacts import Float64
from pipeline.core.imu_units import acceleration_unit, turning_unit
from pipeline.core.unit_names import DEGREES, STANDARD_GRAVITY

RATE_HZ = 100.0


def moved(turns_deg_s: float, shake_g: float = 0.05, seconds: int = 20) -> tuple[Float64, Float64]:
    """A board that a hand turns: acceleration in g and turning in deg/s, float64 [n, 3] each."""
    random = np.random.default_rng(3)
    t = np.arange(seconds * int(RATE_HZ)) / RATE_HZ
    turning = turns_deg_s * np.sin(np.outer(t, (2.1, 3.3, 1.7)) + np.arange(3))
    gravity = np.empty((len(t), 3))
    now = np.array([0.0, 0.0, 1.0])
    for row, rate in enumerate(turning / DEGREES):
        now = now + np.cross(now, rate) / RATE_HZ
        now /= np.linalg.norm(now)
        gravity[row] = now
    noise = random.normal(size=(2, len(t), 3))
    return gravity + shake_g * noise[0], turning + 0.1 * noise[1]


@pytest.mark.parametrize(
    ("scale", "unit"),
    [(1.0, "g"), (STANDARD_GRAVITY, "m/s2"), (1000.0, "mg")]
    + [(counts, f"counts {counts}") for counts in (256, 1024, 2048, 4096, 8192, 16384)],
)
def test_the_length_of_gravity_tells_the_unit(scale: float, unit: str) -> None:
    acceleration = 1.03 * moved(30, 0.02)[0] * scale  # a sensor that is 3 % off
    if unit.startswith("counts"):
        acceleration = np.rint(acceleration)
    found = acceleration_unit([acceleration])
    if unit == "counts 1024":
        assert found.unit == ""  # whole milli-g are as long
        assert "mg, or 1024 counts" in found.why
    else:
        assert found.unit == unit
        assert found.factor * scale == pytest.approx(1)


def test_readings_without_gravity_tell_no_unit() -> None:
    random = np.random.default_rng(1)
    linear = random.normal(size=(500, 3)) * np.linspace(0.01, 2, 500)[:, None]
    assert "no gravity" in acceleration_unit([linear]).why
    assert acceleration_unit([linear]).unit == ""
    assert acceleration_unit([np.full((40, 3), 300.25)]).unit == ""


@pytest.mark.parametrize("mirrored", [(1, 1, 1), (-1, -1, -1), (1, 1, -1)])
@pytest.mark.parametrize(("factor", "unit"), [(1, "deg/s"), (1 / DEGREES, "rad/s"), (1e3, "mdps")])
def test_slow_turns_tell_the_unit_by_gravity(
    factor: float, unit: str, mirrored: tuple[int, int, int]
) -> None:
    acceleration, turning = moved(30)
    found = turning_unit([(acceleration, turning * factor * mirrored, RATE_HZ)])
    assert (found.unit, found.sure) == (unit, True)


def test_a_board_at_rest_tells_nothing() -> None:
    acceleration, turning = moved(0.0, 0.01)
    for factor in (1, 1 / DEGREES):
        assert turning_unit([(acceleration, turning * factor, RATE_HZ)]).unit == ""


def test_a_board_that_is_laid_down_otherwise_between_takes_tells_nothing() -> None:
    takes = [moved(0.0, 0.01, seconds=1) for _ in range(8)]
    ways = np.random.default_rng(4).permutation(np.tile([[1, 2, 0], [2, 0, 1]], (4, 1)))
    acceleration = np.concatenate([take[0][:, way] for take, way in zip(takes, ways, strict=True)])
    turning = np.concatenate([take[1] for take in takes])
    assert turning_unit([(acceleration, turning, RATE_HZ)]).unit == ""


def test_the_size_of_turns_tells_where_the_hand_shakes_too_much() -> None:
    random = np.random.default_rng(2)
    shaken = random.normal(size=(600, 3)) + np.eye(3)[2]
    turning = random.normal(size=(600, 3)) * 60
    assert turning_unit([(shaken, turning, RATE_HZ)]).unit == "deg/s"
    found = turning_unit([(shaken, turning / DEGREES, RATE_HZ)])
    assert (found.unit, found.sure) == ("rad/s", False)
    assert turning_unit([(shaken, turning / 2 / 4, RATE_HZ)]).unit == ""


def test_counts_of_a_gyroscope_are_never_taken_for_degrees() -> None:
    acceleration, turning = moved(30)
    counts = np.rint(turning * 16.4)
    found = turning_unit([(acceleration, counts, RATE_HZ)])
    assert found.unit == ""
    assert "16.3 of its counts are 1 deg/s" in found.why
    still = turning_unit([(moved(0, 0.01)[0], np.rint(turning * 131), RATE_HZ)])
    assert still.unit == ""
