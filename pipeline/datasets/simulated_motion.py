"""How a hand moves when it makes a gesture, and what an inertial sensor in it must then read.

World frame: x forward, y left, z up. A motion is a position and three angles over time; the
readings follow from it by differentiation, so they are as consistent as a real sensor's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

STANDARD_GRAVITY = 9.80665  # m/s^2

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """position: float64 [n, 3], m. angles: float64 [n, 3], rad: yaw, pitch, roll."""

    position: Reals
    angles: Reals

    def __add__(self, other: Motion) -> Motion:
        return Motion(self.position + other.position, self.angles + other.angles)


def readings(motion: Motion, grip: Reals, rate_hz: float) -> Reals:
    """What a perfect sensor reads: float64 [n - 2, 6], g and deg/s, for n steps of `motion`.

    grip: rotation [3, 3] from the board's frame to the hand's. The first and the last step
    only serve the differences. An accelerometer measures acceleration less gravity.
    """
    dt = 1 / rate_hz
    rotation = rotations(motion.angles) @ grip  # board to world, [n, 3, 3]
    steps = motion.position
    acceleration = (steps[2:] - 2 * steps[1:-1] + steps[:-2]) / dt**2
    acceleration[:, 2] += STANDARD_GRAVITY
    in_board = np.einsum("nji,nj->ni", rotation[1:-1], acceleration) / STANDARD_GRAVITY
    turned = np.einsum("nji,njk->nik", rotation[:-2], rotation[2:])
    return np.hstack([in_board, np.rad2deg(rotation_vectors(turned) / (2 * dt))])


def rotations(angles: Reals) -> Reals:
    """Yaw, pitch, roll (rad, [n, 3]) to rotation matrices [n, 3, 3]: about z, then y, then x."""
    (cy, cp, cr), (sy, sp, sr) = np.cos(angles).T, np.sin(angles).T
    rows = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def rotation_vectors(matrices: Reals) -> Reals:
    """Axis times angle (rad, below pi) of rotation matrices [n, 3, 3]: the matrix logarithm."""
    cosine = (np.trace(matrices, axis1=1, axis2=2) - 1) / 2
    angle = np.arccos(np.clip(cosine, -1, 1))
    skew = matrices - np.swapaxes(matrices, 1, 2)
    twice_sine_axis = np.stack([skew[:, 2, 1], skew[:, 0, 2], skew[:, 1, 0]], axis=1)
    vectors: Reals = twice_sine_axis / (2 * np.sinc(angle / np.pi))[:, np.newaxis]
    return vectors


def minimum_jerk(share: Reals) -> Reals:
    """0 to 1 as a hand goes from rest to rest (Flash and Hogan 1985), for a share of its time."""
    u = np.clip(share, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u**2)


def there_and_back(share: Reals, pause: float = 0.05) -> Reals:
    """0 to 1 and to 0 again, with a pause at the far end; shares of the whole time."""
    leg = (1 - pause) / 2
    return minimum_jerk(share / leg) - minimum_jerk((share - leg - pause) / leg)


def _punch(share: Reals) -> Motion:
    reach = there_and_back(share)
    zero = np.zeros_like(reach)
    return _motion((0.38 * reach, zero, 0.06 * reach), (zero, zero, 1.2 * reach))


def _flex(share: Reals) -> Motion:
    bend = 1.7 * there_and_back(share, pause=0.1)
    zero = np.zeros_like(bend)
    forearm = 0.3
    arc = (forearm * (np.cos(bend) - 1), zero, forearm * np.sin(bend))
    return _motion(arc, (zero, -bend, zero))


def _circle(share: Reals) -> Motion:
    angle = 2 * np.pi * minimum_jerk(share)
    across, up = np.sin(angle), 1 - np.cos(angle)
    zero = np.zeros_like(angle)
    return _motion((zero, 0.13 * across, 0.13 * up), (0.25 * across, -0.15 * up, zero))


def _wave(share: Reals) -> Motion:
    raised = minimum_jerk(share / 0.25) - minimum_jerk((share - 0.75) / 0.25)
    swing = raised * np.sin(2 * np.pi * 2.5 * np.clip(share, 0, 1))
    return _motion(
        (0 * swing, 0.09 * swing, 0.1 * raised), (0.6 * swing, -0.5 * raised, 0.3 * swing)
    )


def _motion(position: tuple[Reals, ...], angles: tuple[Reals, ...]) -> Motion:
    return Motion(np.stack(position, axis=1), np.stack(angles, axis=1))


@dataclass(frozen=True)
class Gesture:
    """shape: motion for a share of the gesture's time, nothing before 0 and after 1."""

    shape: Callable[[Reals], Motion]
    seconds: float


GESTURES: Mapping[str, Gesture] = {
    "circle": Gesture(_circle, 0.78),
    "flex": Gesture(_flex, 0.72),
    "punch": Gesture(_punch, 0.60),
    "wave": Gesture(_wave, 0.78),
}


def wander(t_s: Reals, size: Reals, highest_hz: float, random: Generator) -> Reals:
    """Smooth aimless movement: float64 [n, 3], about `size` [3] large, up to `highest_hz`."""
    waves = 5
    frequency = random.uniform(0.1, highest_hz, (waves, 3))
    phase = random.uniform(0, 2 * np.pi, (waves, 3))
    swing = np.sin(2 * np.pi * frequency * t_s[:, np.newaxis, np.newaxis] + phase)  # [n, waves, 3]
    movement: Reals = swing.sum(axis=1) * size / np.sqrt(waves)
    return movement
