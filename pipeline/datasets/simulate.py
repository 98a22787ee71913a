"""Synthetic recordings: people, gestures and idle, through a model of the board's sensor.

For trying the tool without a board, and for tests. It is no substitute for recordings: the
people differ less, and more regularly, than real ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from pipeline.artifacts import Float32, Recording
from pipeline.datasets.names import recording_path
from pipeline.datasets.recording_file import save_recording
from pipeline.datasets.simulated_motion import (
    GESTURES,
    Motion,
    Reals,
    readings,
    rotations,
    wander,
)

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
    """What stays the same in all a person does.

    tempo, size: of all gestures, 1 is the average. grip: board to hand, rotation [3, 3].
    swing_rad: how far to the side a gesture points. bias: of the sensor, g and deg/s [6].
    """

    name: str
    tempo: float
    size: float
    swing_rad: float
    grip: Reals
    bias: Reals


@dataclass(frozen=True)
class _Act:
    """A gesture that begins at `start_s`."""

    label: str
    start_s: float
    seconds: float
    size: float


def simulate_dataset(
    folder: Path, people: int, takes: int, seed: int, rate_hz: float = RATE_HZ
) -> list[Path]:
    """Write `takes` recordings a person and label, and return where they are.

    Labels: circle, flex, punch, wave (1 s each) and idle (2 s). The same arguments give the
    same bytes; more people or takes add files and leave the others as they are.
    """
    paths = []
    for number in range(1, people + 1):
        person = make_person(number, seed)
        for place, label in enumerate((*GESTURES, IDLE)):
            for take in range(1, takes + 1):
                random = np.random.default_rng([seed, number, place, take])
                recording = _take(person, label, take, rate_hz, random, seed)
                path = recording_path(folder, label, person.name, recording.session, take)
                save_recording(recording, path)
                paths.append(path)
    return paths


def make_person(number: int, seed: int) -> Person:
    """Person `number`, from 1; the same for the same seed."""
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


def _take(
    person: Person, label: str, number: int, rate_hz: float, random: Generator, seed: int
) -> Recording:
    if label == IDLE:
        kind = IDLE_KINDS[(number - 1) % len(IDLE_KINDS)]
        samples = _sense(person, (), kind, IDLE_TAKE_S, rate_hz, random)
    else:
        act = _act(person, label, 0.0, random)
        start_s = (TAKE_S - act.seconds) * random.uniform(0.2, 0.8)
        act = _Act(label, start_s, act.seconds, act.size)
        samples = _sense(person, (act,), "rest", TAKE_S, rate_hz, random)
    return _recording(samples, rate_hz, label, person.name, seed)


def _act(person: Person, label: str, start_s: float, random: Generator) -> _Act:
    seconds = GESTURES[label].seconds * person.tempo * random.uniform(0.95, 1.05)
    return _Act(label, start_s, seconds, person.size * random.uniform(0.92, 1.08))


def _sense(
    person: Person,
    acts: Sequence[_Act],
    idle_kind: str,
    seconds: float,
    rate_hz: float,
    random: Generator,
) -> Float32:
    """What the sensor gives: float32 [seconds * rate_hz, 6], g and deg/s."""
    steps = round(seconds * rate_hz)
    t_s = np.arange(-1, steps + 1) / rate_hz  # one more at either end, for the differences
    motion = _idle(idle_kind, t_s, random)
    for act in acts:
        motion += _perform(act, person, t_s)
    perfect = readings(motion, person.grip, rate_hz)
    return _through_sensor(perfect, person.bias, random)


def _perform(act: _Act, person: Person, t_s: Reals) -> Motion:
    shape = GESTURES[act.label].shape((t_s - act.start_s) / act.seconds)
    aside = rotations(np.array([[person.swing_rad, 0.0, 0.0]]))[0]
    return Motion(act.size * shape.position @ aside.T, act.size * shape.angles)


def _idle(kind: str, t_s: Reals, random: Generator) -> Motion:
    """Holding the hand somehow: still, fidgeting, or carrying it about at a walk."""
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
    """Two bobs a stride, one sway, and a slow turn."""
    stride = 2 * np.pi * random.uniform(0.75, 1.0) * t_s + random.uniform(0, 2 * np.pi)
    zero = np.zeros_like(t_s)
    position = np.stack([zero, 0.02 * np.sin(stride), 0.018 * np.sin(2 * stride)], axis=1)
    turn = random.uniform(-0.5, 0.5) * t_s
    angles = np.stack([turn + 0.06 * np.sin(stride), 0.1 * np.sin(stride), zero], axis=1)
    return Motion(position, angles)


def _through_sensor(perfect: Reals, bias: Reals, random: Generator) -> Float32:
    """Bias, noise, range and resolution of the board's sensor; float64 [n, 6] to float32."""
    noisy = perfect + bias + random.normal(0, NOISE, perfect.shape)
    limits = np.array([RANGE_G] * 3 + [RANGE_DPS] * 3)
    thousandths = np.rint(np.clip(noisy, -limits, limits) * STEPS_PER_UNIT)
    return (thousandths / STEPS_PER_UNIT).astype(np.float32)


def _recording(
    samples: Float32,
    rate_hz: float,
    label: str,
    person: str,
    seed: int,
) -> Recording:
    seq = np.arange(len(samples), dtype=np.int64)
    return Recording(
        samples=samples,
        seq=seq,
        t_us=np.rint(seq * (1e6 / rate_hz)).astype(np.int64),
        rate_hz=rate_hz,
        label=label,
        person=person,
        board="none",
        source=f"simulated: synthetic, made by `gesture simulate`, seed {seed}",
    )
