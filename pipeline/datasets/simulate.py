"""Simulated recordings of several persons and gestures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pipeline.core.artifacts import Float32, Recording
from pipeline.core.unit_names import STANDARD_GRAVITY
from pipeline.datasets.recording_file import recording_path, save_recording
from pipeline.datasets.streams import even_clock

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Motion:
    """A motion: position float64 [n, 3] in m; angles float64 [n, 3] in rad, yaw, pitch, roll."""

    position: Reals
    angles: Reals

    def __add__(self, other: Motion) -> Motion:
        return Motion(self.position + other.position, self.angles + other.angles)


def readings(motion: Motion, grip: Reals, rate_hz: float) -> Reals:
    """The readings of a perfect sensor; grip: rotation [3, 3] from the board to the hand.

    An accelerometer measures acceleration minus gravity. The first and the last step are only used
    for differences.
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
    """Rotation matrices [n, 3, 3] of yaw, pitch and roll [n, 3] in rad: about z, then y, then x."""
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
    """0 to 1 as a hand moves from rest to rest (Flash and Hogan, 1985), for shares of its time."""
    u = np.clip(share, 0, 1)
    return u**3 * (10 - 15 * u + 6 * u**2)


def there_and_back(share: Reals, pause: float = 0.05) -> Reals:
    """0 to 1 and back to 0, with a pause at 1, for shares of the whole time."""
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
    """A gesture: its motion for shares of its time, none before 0 and after 1."""

    shape: Callable[[Reals], Motion]
    seconds: float


GESTURES: Mapping[str, Gesture] = {
    "circle": Gesture(_circle, 0.78),
    "flex": Gesture(_flex, 0.72),
    "punch": Gesture(_punch, 0.60),
    "wave": Gesture(_wave, 0.78),
}


def wander(t_s: Reals, size: Reals, highest_hz: float, random: Generator) -> Reals:
    """A smooth random movement, float64 [n, 3], of about this size [3], up to `highest_hz`."""
    waves = 5
    frequency = random.uniform(0.1, highest_hz, (waves, 3))
    phase = random.uniform(0, 2 * np.pi, (waves, 3))
    swing = np.sin(2 * np.pi * frequency * t_s[:, np.newaxis, np.newaxis] + phase)  # [n, waves, 3]
    movement: Reals = swing.sum(axis=1) * size / np.sqrt(waves)
    return movement


RATE_HZ = 119.0
IDLE = "idle"
IDLE_KINDS = ("rest", "fidget", "carry")
TAKE_S = 1.0
IDLE_TAKE_S = 2.0
HALF_TURN_DEG = 180.0

RANGE_G = 4.0
RANGE_DPS = 2000.0
NOISE = np.array([0.004] * 3 + [0.15] * 3)  # g and deg/s, rms
BIAS = np.array([0.02] * 3 + [1.5] * 3)  # g and deg/s, largest
STEPS_PER_UNIT = 1000


@dataclass(frozen=True)
class Person:
    """A person, with what is the same in all their gestures.

    Args:
        tempo: of gestures; 1 is the average.
        size: of gestures; 1 is the average.
        swing_rad: direction of gestures to the side.
        grip: rotation [3, 3] from the board to the hand.
        bias: of the sensor [6], in g and deg/s.
    """

    name: str
    tempo: float
    size: float
    swing_rad: float
    grip: Reals
    bias: Reals


@dataclass(frozen=True)
class _Act:
    label: str
    start_s: float
    seconds: float
    size: float


def simulate_dataset(
    folder: Path, people: int, takes: int, seed: int, rate_hz: float = RATE_HZ
) -> list[Path]:
    """Write simulated recordings: circle, flex, punch and wave (1 s each), and idle (2 s).

    The same arguments give the same bytes. More people or takes add files, and do not change the
    others.
    """
    paths = []
    for number in range(1, people + 1):
        person = make_person(number, seed)
        for place, label in enumerate((*GESTURES, IDLE)):
            for take in range(1, takes + 1):
                random = np.random.default_rng([seed, number, place, take])
                recording = make_take(person, label, take, rate_hz, random, seed)
                path = recording_path(folder, label, person.name, recording.session, take)
                save_recording(recording, path)
                paths.append(path)
    return paths


def make_person(number: int, seed: int) -> Person:
    """Person `number`, from 1; the same seed gives the same person."""
    random = np.random.default_rng([seed, number])
    grip_deg = random.uniform([-15, -15, -25], [15, 15, 25])
    return Person(
        name=f"sim{number}",
        tempo=random.uniform(0.88, 1.12),
        size=random.uniform(0.85, 1.2),
        swing_rad=np.deg2rad(random.uniform(-20, 20)),
        grip=rotations(np.deg2rad(grip_deg)[np.newaxis])[0],
        bias=random.uniform(-BIAS, BIAS),
    )


def make_take(
    person: Person, label: str, number: int, rate_hz: float, random: Generator, seed: int
) -> Recording:
    """A take of a gesture, or of idle, of the kind that its number says; seed: for its source."""
    if label == IDLE:
        kind = IDLE_KINDS[(number - 1) % len(IDLE_KINDS)]
        samples = _sense(person, (), kind, IDLE_TAKE_S, rate_hz, random)
    else:
        seconds = GESTURES[label].seconds * person.tempo * random.uniform(0.95, 1.05)
        size = person.size * random.uniform(0.92, 1.08)
        act = _Act(label, (TAKE_S - seconds) * random.uniform(0.2, 0.8), seconds, size)
        samples = _sense(person, (act,), "rest", TAKE_S, rate_hz, random)
    return _recording(samples, rate_hz, label, person.name, seed)


def _sense(
    person: Person,
    acts: Sequence[_Act],
    idle_kind: str,
    seconds: float,
    rate_hz: float,
    random: Generator,
) -> Float32:
    """The samples of the sensor: float32 [seconds * rate_hz, 6], in g and deg/s."""
    steps = round(seconds * rate_hz)
    t_s = np.arange(-1, steps + 1) / rate_hz  # one more at both ends, for differences
    motion = _idle(idle_kind, t_s, random)
    for act in acts:
        motion += _perform(act, person, t_s)
    perfect = readings(motion, person.grip, rate_hz)
    noisy = perfect + person.bias + random.normal(0, NOISE, perfect.shape)
    limits = np.array([RANGE_G] * 3 + [RANGE_DPS] * 3)
    thousandths = np.rint(np.clip(noisy, -limits, limits) * STEPS_PER_UNIT)
    return (thousandths / STEPS_PER_UNIT).astype(np.float32)


def _perform(act: _Act, person: Person, t_s: Reals) -> Motion:
    shape = GESTURES[act.label].shape((t_s - act.start_s) / act.seconds)
    aside = rotations(np.array([[person.swing_rad, 0.0, 0.0]]))[0]
    return Motion(act.size * shape.position @ aside.T, act.size * shape.angles)


def _idle(kind: str, t_s: Reals, random: Generator) -> Motion:
    posture = np.deg2rad(random.uniform([-HALF_TURN_DEG, -12, -12], [HALF_TURN_DEG, 12, 12]))
    tremor_m = wander(t_s, np.full(3, 0.0002), 9.0, random)
    drift_rad = wander(t_s, np.full(3, 0.02), 1.5, random)
    motion = Motion(tremor_m, posture + drift_rad)
    if kind == "fidget":
        turning_rad = wander(t_s, np.array([0.25, 0.2, 0.3]), 0.8, random)
        motion += Motion(wander(t_s, np.full(3, 0.02), 0.8, random), turning_rad)
    elif kind == "carry":
        motion += _walk(t_s, random)
    return motion


def _walk(t_s: Reals, random: Generator) -> Motion:
    stride = 2 * np.pi * random.uniform(0.75, 1.0) * t_s + random.uniform(0, 2 * np.pi)
    zero = np.zeros_like(t_s)
    position = np.stack([zero, 0.02 * np.sin(stride), 0.018 * np.sin(2 * stride)], axis=1)
    turn = random.uniform(-0.5, 0.5) * t_s
    angles = np.stack([turn + 0.06 * np.sin(stride), 0.1 * np.sin(stride), zero], axis=1)
    return Motion(position, angles)


def _recording(
    samples: Float32,
    rate_hz: float,
    label: str,
    person: str,
    seed: int,
) -> Recording:
    seq, t_us = even_clock(len(samples), rate_hz)
    return Recording(
        samples=samples,
        seq=seq,
        t_us=t_us,
        rate_hz=rate_hz,
        label=label,
        person=person,
        board="none",
        source=f"simulated: synthetic, made by `gesture simulate`, seed {seed}",
    )
