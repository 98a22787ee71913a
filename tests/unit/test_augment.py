"""A varied recording is still the same gesture, by the same laws of physics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pipeline.config.gesture_settings import AugmentConfig
from pipeline.core.artifacts import Float32, Interval, Recording
from pipeline.datasets.augment import augment, random_rotations
from pipeline.datasets.synthetic_negatives import recorded_rests
from tests.takes import RATE_HZ, take

TAKE = take("punch", n=119)
RANGES = {
    "rotation_deg": 10.0,
    "mounting_deg": 90.0,
    "gain": 0.1,
    "stretch": 0.1,
    "warp": 0.4,
    "jitter_g": 0.05,
    "drift_g": 0.05,
    "axis_dropout": 0.5,
    "idle_mix": 0.5,
}
NUMBERS = range(1, 21)
REST = np.random.default_rng(5).normal(0, 0.1, (80, 6)).astype(np.float32)
STEP = 0.00051  # samples are multiples of 0.001


def augmented(
    number: int, original: Recording = TAKE, rests: Sequence[Float32] = (), **on: float
) -> Recording:
    config = AugmentConfig.model_validate({**dict.fromkeys(RANGES, 0.0), **on})
    return augment(original, config, number, rests)


def lengths(recording: Recording) -> np.ndarray:
    """|acceleration| and |rotation| of every sample: [n, 2]."""
    return np.linalg.norm(recording.samples.reshape(-1, 2, 3), axis=2)


def ruled(n: int = 476) -> Recording:
    """A continuous recording whose ax is the sample's place, with two gestures and a gap."""
    samples = np.zeros((n, 6), np.float32)
    samples[:, 0] = np.arange(n)
    seq = np.arange(n, dtype=np.int64)
    seq[300:] += 50
    intervals = (Interval(60, 120, "flex"), Interval(350, n, "punch"))
    return replace(take("stream", n=n), samples=samples, seq=seq, intervals=intervals)


@pytest.mark.parametrize("switch", ["rotation_deg", "mounting_deg"])
def test_turning_the_board_keeps_every_length(switch: str) -> None:
    for number in NUMBERS:
        turned = augmented(number, **{switch: 30.0})
        np.testing.assert_allclose(lengths(turned), lengths(TAKE), atol=2 * STEP)
        assert np.abs(turned.samples - TAKE.samples).max() > 0.01


def test_both_sensors_turn_together() -> None:
    """They are soldered to one board: the angle between their vectors stays."""
    turned = augmented(3, rotation_deg=90, mounting_deg=180)
    dots = [(r.samples[:, :3] * r.samples[:, 3:]).sum(axis=1) for r in (TAKE, turned)]
    np.testing.assert_allclose(dots[1], dots[0], atol=0.3)
    assert np.ptp(dots[0]) > 100


def test_a_board_may_be_mounted_any_way() -> None:
    pose = replace(TAKE, samples=np.tile(np.float32([0, 0, 1, 0, 0, 0]), (119, 1)))
    up = [augmented(n, pose, mounting_deg=180).samples[0, 2] for n in range(1, 200)]
    assert min(up) < -0.8
    assert max(up) > 0.8
    held = [augmented(n, pose, rotation_deg=20).samples[0, 2] for n in range(1, 200)]
    assert min(held) >= np.cos(np.deg2rad(20)) - STEP


def test_a_rotation_turns_by_its_angle() -> None:
    angles = np.linspace(-180, 180, 61)
    rotations = random_rotations(angles, np.random.default_rng(1))
    for angle, rotation in zip(angles, rotations, strict=True):
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)
        assert (np.trace(rotation) - 1) / 2 == pytest.approx(np.cos(np.deg2rad(angle)))


def test_harder_or_softer_by_no_more_than_asked() -> None:
    factors = [np.median(augmented(n, gain=0.2).samples / TAKE.samples) for n in NUMBERS]
    assert 0.8 <= min(factors) < 0.9
    assert 1.1 < max(factors) <= 1.2


def test_slower_or_faster_by_no_more_than_asked() -> None:
    found = [augmented(number, stretch=0.1) for number in NUMBERS]
    sizes = [len(recording) for recording in found]
    assert 107 <= min(sizes) < 112
    assert 126 < max(sizes) <= 131
    for recording in found:  # the same way, begun and ended the same
        np.testing.assert_allclose(recording.samples[[0, -1]], TAKE.samples[[0, -1]], atol=1e-3)
        peaks = np.abs(recording.samples).max(axis=0) / np.abs(TAKE.samples).max(axis=0)
        np.testing.assert_allclose(peaks, 1, atol=0.01)


def test_a_warp_goes_on_at_a_changing_pace_and_ends_where_it_did() -> None:
    whole = replace(ruled(), seq=np.arange(476, dtype=np.int64))
    places = [augmented(number, whole, warp=0.6).samples[:, 0] for number in NUMBERS]
    for place in places:
        steps = np.diff(place)
        assert len(place) == 476
        assert place[[0, -1]] == pytest.approx([0, 475], abs=0.01)
        assert steps.min() > 0.2
        assert 1.3 < steps.max() < 3
        assert np.abs(np.diff(steps)).max() < 0.1  # smooth


@pytest.mark.parametrize("switch", ["warp", "stretch"])
def test_intervals_keep_what_they_hold(switch: str) -> None:
    original = ruled()
    for number in NUMBERS:
        found = augmented(number, original, **{switch: 0.3})
        for before, after in zip(original.intervals, found.intervals, strict=True):
            place = found.samples[:, 0]
            inside = (place > before.start - STEP) & (place < before.stop - STEP)
            assert np.flatnonzero(inside).tolist() == list(range(after.start, after.stop))
            assert after.label == before.label


def test_what_is_missing_is_missing_after_a_warp_too() -> None:
    for number in NUMBERS:
        found = augmented(number, ruled(), warp=0.5, stretch=0.2)
        jumps = np.diff(found.seq) - 1
        assert jumps.sum() == 50
        (at,) = np.flatnonzero(jumps)
        assert found.samples[at, 0] <= 299.01  # nothing was made up in between
        assert found.samples[at + 1, 0] >= 300
        assert [(gap.index, gap.missing) for gap in found.gaps] == [(at + 1, 50)]


def test_jitter_is_noise_of_at_most_this_size_in_each_kind_of_channel() -> None:
    noises = [augmented(number, jitter_g=0.05).samples - TAKE.samples for number in NUMBERS]
    sizes = np.array([[noise[:, :3].std(), noise[:, 3:].std() / 100] for noise in noises])
    assert sizes.max() < 0.06
    assert sizes.max(axis=0).min() > 0.035
    assert sizes.min() < 0.015
    steps = np.concatenate([np.diff(noise[:, 3:], axis=0) for noise in noises])
    assert steps.std() > np.concatenate(noises)[:, 3:].std()  # no sample knows of the one before


def test_drift_is_a_bias_that_wanders_slowly() -> None:
    still = replace(take("idle", n=1190), samples=np.zeros((1190, 6), np.float32))
    drifts = np.concatenate([augmented(number, still, drift_g=0.05).samples for number in NUMBERS])
    assert drifts[:, :3].std() == pytest.approx(0.043, abs=0.006)
    assert drifts[:, 3:].std() == pytest.approx(4.3, abs=0.6)
    one = augmented(1, still, drift_g=0.05).samples[:, 3:]
    assert np.abs(np.diff(one, axis=0)).max() < 0.4
    assert np.ptp(one, axis=0).min() > 3


def test_an_axis_is_dead_in_as_many_recordings_as_asked() -> None:
    dead = np.array([(augmented(n, axis_dropout=0.3).samples == 0).all(axis=0) for n in range(300)])
    assert dead.sum(axis=1).max() == 1
    assert dead.any(axis=1).mean() == pytest.approx(0.3, abs=0.07)
    assert dead.any(axis=0).all()


def test_rest_is_added_at_no_more_than_its_gain() -> None:
    added = [
        augmented(number, rests=[REST], idle_mix=0.5).samples - TAKE.samples for number in NUMBERS
    ]
    sizes = [np.std(one) / np.std(REST) for one in added]
    assert 0.4 < max(sizes) < 0.55
    assert min(sizes) < 0.1
    begun = {int(np.correlate(np.tile(REST[:, 0], 2), one[:80, 0]).argmax()) for one in added}
    assert len(begun) > 5  # not always from the beginning of that rest
    np.testing.assert_allclose(augmented(1, idle_mix=0.5).samples, TAKE.samples, atol=STEP)


def test_nothing_asked_for_changes_nothing() -> None:
    for original in (TAKE, ruled()):
        found = augmented(1, original, rests=[REST])
        np.testing.assert_allclose(found.samples, original.samples, atol=STEP)
        np.testing.assert_array_equal(np.diff(found.seq), np.diff(original.seq))
        assert found.intervals == original.intervals


@pytest.mark.parametrize("switch", RANGES)
def test_the_seed_and_the_name_alone_decide(switch: str) -> None:
    on = {switch: RANGES[switch]}
    found = [augmented(number, rests=[REST], **on).samples for number in NUMBERS]
    again = [augmented(number, rests=[REST], **on).samples for number in reversed(NUMBERS)]
    for one, other in zip(found, reversed(again), strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(len(one) != len(found[0]) or (one != found[0]).any() for one in found)
    config = AugmentConfig.model_validate({**dict.fromkeys(RANGES, 0.0), **on, "seed": 2})
    seeded = [augment(TAKE, config, number, [REST]).samples for number in NUMBERS]
    assert any(
        len(one) != len(other) or (one != other).any()
        for one, other in zip(found, seeded, strict=True)
    )


@pytest.mark.parametrize("switch", ["gain", "jitter_g", "drift_g", "idle_mix", "axis_dropout"])
def test_a_switch_leaves_what_the_others_do(switch: str) -> None:
    """A turn in the same variation is the same with or without it: figures can be compared."""
    on = {switch: RANGES[switch]}
    turned = augmented(3, rotation_deg=30).samples
    both, alone = (augmented(3, rests=[REST], rotation_deg=turn, **on) for turn in (30.0, 0.0))
    if switch == "gain":
        factor = np.median(alone.samples / TAKE.samples)
        np.testing.assert_allclose(both.samples, factor * turned, rtol=1e-3, atol=0.01)
    elif switch in ("jitter_g", "drift_g"):
        np.testing.assert_allclose(both.samples - turned, alone.samples - TAKE.samples, atol=0.002)
    elif switch == "axis_dropout":
        kept = (both.samples != 0).any(axis=0)
        np.testing.assert_array_equal(both.samples[:, kept], turned[:, kept])
    else:
        assert np.std(both.samples - turned) == pytest.approx(
            np.std(alone.samples - TAKE.samples), rel=0.01
        )


def test_it_is_still_that_take_at_that_rate() -> None:
    before = TAKE.samples.copy()
    found = augmented(4, rests=[REST], **RANGES)
    np.testing.assert_array_equal(TAKE.samples, before)
    assert (found.name, found.label, found.person) == (TAKE.name, TAKE.label, TAKE.person)
    assert (np.diff(found.seq) == 1).all()
    assert found.measured_rate_hz == pytest.approx(RATE_HZ, rel=1e-4)
    assert found.samples.dtype == np.float32


def test_a_sensor_with_too_few_axes_is_not_turned() -> None:
    flat = replace(TAKE, samples=TAKE.samples[:, :2], channels=("ax", "ay"))
    np.testing.assert_allclose(augmented(1, flat, rotation_deg=90).samples, flat.samples, atol=STEP)


def test_rests_are_what_no_gesture_is_in_around_zero() -> None:
    stream = ruled()
    idle = replace(take("idle", n=200), label="idle")
    named = replace(stream, intervals=(*stream.intervals[:1], Interval(120, 180, "idle")))
    assert [len(rest) for rest in recorded_rests([TAKE, idle, stream], "idle")] == [200, 60, 230]
    assert [len(rest) for rest in recorded_rests([named], "idle")] == [60, 60, 296]
    for rest in recorded_rests([TAKE, idle, stream, named], "idle"):
        np.testing.assert_allclose(rest.mean(axis=0), 0, atol=1e-3)
