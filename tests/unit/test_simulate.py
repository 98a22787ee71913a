"""Simulated recordings obey physics, repeat exactly, and hold what they say."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.artifacts import Recording
from pipeline.core.project import PROJECT
from pipeline.datasets.recordings import load_recordings
from pipeline.datasets.simulate import (
    GESTURES,
    STANDARD_GRAVITY,
    Motion,
    Reals,
    make_person,
    readings,
    rotation_vectors,
    rotations,
    simulate_dataset,
)

RATE_HZ = 119.0
LABELS = ["circle", "flex", "idle", "punch", "wave"]
SAMPLE = PROJECT / "data" / "sample"
angle = st.floats(-3.0, 3.0)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.csv"))}


def gesture_motion(label: str, seconds: float = 0.7) -> Motion:
    t_s = np.arange(-1, round(1.2 * RATE_HZ) + 1) / RATE_HZ
    return GESTURES[label].shape((t_s - 0.2) / seconds)


def rotation_matrix(vector: Reals) -> Reals:
    """Rodrigues' formula."""
    turn = float(np.linalg.norm(vector))
    x, y, z = vector / turn if turn else vector
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    full: Reals = np.eye(3) + np.sin(turn) * cross + (1 - np.cos(turn)) * cross @ cross
    return full


@settings(deadline=None)
@given(angle, angle, angle)
def test_at_rest_it_reads_one_g_and_no_rotation(yaw: float, pitch: float, roll: float) -> None:
    held = Motion(np.zeros((10, 3)), np.tile([yaw, pitch, roll], (10, 1)))
    values = readings(held, np.eye(3), RATE_HZ)
    np.testing.assert_allclose(np.linalg.norm(values[:, :3], axis=1), 1.0, atol=1e-12)
    np.testing.assert_allclose(values[:, 3:], 0.0, atol=1e-5)


def test_a_level_board_reads_one_g_upwards() -> None:
    values = readings(Motion(np.zeros((5, 3)), np.zeros((5, 3))), np.eye(3), RATE_HZ)
    np.testing.assert_allclose(values, np.tile([0, 0, 1, 0, 0, 0], (3, 1)), atol=1e-12)


def test_in_free_fall_it_reads_nothing() -> None:
    t_s = np.arange(30) / RATE_HZ
    fall = np.zeros((30, 3))
    fall[:, 2] = -STANDARD_GRAVITY * t_s**2 / 2
    values = readings(Motion(fall, np.full((30, 3), 0.3)), np.eye(3), RATE_HZ)
    np.testing.assert_allclose(values, 0.0, atol=1e-6)


def test_on_a_turntable_it_reads_the_centripetal_acceleration() -> None:
    t_s = np.arange(400) / RATE_HZ
    turn_rate, radius_m = 3.0, 0.5  # rad/s, counter-clockwise
    yaw = turn_rate * t_s
    position = radius_m * np.stack([np.cos(yaw), np.sin(yaw), 0 * yaw], axis=1)
    angles = np.stack([yaw, 0 * yaw, 0 * yaw], axis=1)
    values = readings(Motion(position, angles), np.eye(3), RATE_HZ)
    inward = -(turn_rate**2) * radius_m / STANDARD_GRAVITY
    expected = [inward, 0, 1, 0, 0, np.rad2deg(turn_rate)]
    np.testing.assert_allclose(values, np.tile(expected, (398, 1)), atol=1e-3)


@pytest.mark.parametrize("label", GESTURES)
def test_the_gyroscope_integrates_to_the_change_of_orientation(label: str) -> None:
    motion = gesture_motion(label)
    grip = rotations(np.array([[0.2, -0.1, 0.4]]))[0]
    rate = np.deg2rad(readings(motion, grip, RATE_HZ)[:, 3:])
    orientation = rotations(motion.angles)[1] @ grip
    furthest = 0.0
    for step, (now, after) in enumerate(pairwise(rate), 2):
        orientation = orientation @ rotation_matrix((now + after) / 2 / RATE_HZ)
        true = rotations(motion.angles)[step] @ grip
        furthest = max(
            furthest, float(np.linalg.norm(rotation_vectors((true.T @ orientation)[None])))
        )
    assert furthest < 0.02  # rad
    assert np.abs(motion.angles).max() > 0.2  # there was something to follow


@pytest.mark.parametrize("label", GESTURES)
def test_the_accelerometer_integrates_to_the_way_of_the_hand(label: str) -> None:
    motion = gesture_motion(label)
    values = readings(motion, np.eye(3), RATE_HZ)
    world = np.einsum("nij,nj->ni", rotations(motion.angles)[1:-1], values[:, :3])
    world[:, 2] -= 1
    velocity = np.cumsum(world * STANDARD_GRAVITY / RATE_HZ, axis=0)
    way = np.cumsum(velocity / RATE_HZ, axis=0)
    np.testing.assert_allclose(way, motion.position[2:], atol=1e-6)
    np.testing.assert_allclose(motion.position[-1], 0, atol=1e-12)  # back where it began


@settings(deadline=None)
@given(angle, st.floats(-1.5, 1.5), angle)
def test_rotation_vectors_undo_rotations(yaw: float, pitch: float, roll: float) -> None:
    matrix = rotations(np.array([[yaw, pitch, roll]]))
    vector = rotation_vectors(matrix)[0]
    if np.linalg.norm(vector) < 3.1:  # at half a turn the axis is lost
        np.testing.assert_allclose(rotation_matrix(vector), matrix[0], atol=1e-6)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first = simulate_dataset(tmp_path / "a", people=2, takes=2, seed=7)
    simulate_dataset(tmp_path / "b", people=2, takes=2, seed=7)
    simulate_dataset(tmp_path / "c", people=2, takes=2, seed=8)
    assert len(first) == 2 * 2 * len(LABELS)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert content(tmp_path / "a").keys() == content(tmp_path / "c").keys()
    assert not set(content(tmp_path / "a").values()) & set(content(tmp_path / "c").values())


def test_more_people_and_takes_leave_the_others_as_they_are(tmp_path: Path) -> None:
    simulate_dataset(tmp_path / "few", people=1, takes=2, seed=1)
    simulate_dataset(tmp_path / "many", people=2, takes=3, seed=1)
    assert content(tmp_path / "few").items() <= content(tmp_path / "many").items()


def test_a_take_has_the_length_and_the_rate_asked_for(tmp_path: Path) -> None:
    simulate_dataset(tmp_path, people=1, takes=1, seed=1, rate_hz=100.0)
    recordings = load_recordings(tmp_path)
    assert {r.label: len(r) for r in recordings} == dict.fromkeys(LABELS, 100) | {"idle": 200}
    assert {r.rate_hz for r in recordings} == {100.0}
    assert recordings[0].measured_rate_hz == pytest.approx(100.0, abs=0.01)


def test_the_sensor_has_a_range_noise_and_a_bias(tmp_path: Path) -> None:
    simulate_dataset(tmp_path, people=6, takes=6, seed=3)
    recordings = load_recordings(tmp_path)
    samples = np.concatenate([recording.samples for recording in recordings])
    assert np.abs(samples[:, :3]).max() == 4.0  # reached, never passed
    assert np.abs(samples[:, 3:]).max() <= 2000.0
    resting = [r for r in recordings if r.label == "idle" and r.name.endswith(("001", "004"))]
    assert len(resting) == 12
    for recording in resting:
        strength = np.linalg.norm(recording.samples[:, :3], axis=1)
        assert strength.mean() == pytest.approx(1.0, abs=0.06)
        assert np.abs(recording.samples[:, 3:]).max() < 25
        assert 0.002 < np.diff(recording.samples[:, 0]).std() < 0.02


def test_people_differ_in_everything() -> None:
    ada, ben = make_person(1, seed=1), make_person(2, seed=1)
    assert ada.name != ben.name
    for trait in ("tempo", "size", "swing_rad", "grip", "bias"):
        assert not np.array_equal(getattr(ada, trait), getattr(ben, trait))
        np.testing.assert_array_equal(getattr(ada, trait), getattr(make_person(1, 1), trait))


def features(recording: Recording) -> Reals:
    middle = recording.samples[: round(RATE_HZ)].astype(np.float64)
    full: Reals = np.log(middle.std(axis=0) + 0.01)
    return full


def test_gestures_of_a_new_person_can_be_reported_apart() -> None:
    recordings = load_recordings(SAMPLE)
    right = 0
    for recording in recordings:
        others = [r for r in recordings if r.person != recording.person]
        distances = {
            label: np.linalg.norm(
                features(recording)
                - np.mean([features(r) for r in others if r.label == label], axis=0)
            )
            for label in LABELS
        }
        right += min(distances, key=lambda label: distances[label]) == recording.label
    assert right / len(recordings) > 0.8


def test_the_sample_data_is_what_the_readme_says(tmp_path: Path) -> None:
    simulate_dataset(tmp_path, people=4, takes=6, seed=1)
    assert content(tmp_path) == content(SAMPLE)
    assert len(content(SAMPLE)) == 120
    assert sum(map(len, content(SAMPLE).values())) < 1_200_000
    assert all("simulated: synthetic" in r.source for r in load_recordings(SAMPLE))
