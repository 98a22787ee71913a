"""Windows: what they show, augmented too, what they are called, how they are scaled, that nothing
leaks, and recordings that cannot be cut into windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.core.artifacts import IMU_CHANNELS, Float32, Interval, Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets import windows
from pipeline.training.training_data import measure_scaling, scale
from tests.made_windows import (
    GESTURES,
    HOP,
    LENGTH,
    TAKES,
    all_windows,
    labelled,
    made,
    ruled,
    start_of,
)
from tests.takes import take, takes

PARTS = ("train", "validation", "test")


def marked(takes_: Sequence[Recording]) -> list[Recording]:
    """Takes that each have a gz of their own, 1000, 1050, … deg/s."""
    found = []
    for number, recording in enumerate(takes_):
        samples = recording.samples.copy()
        samples[:, 5] = 1000 + 50 * number
        found.append(replace(recording, samples=samples))
    return found


def marks_in(window: Float32) -> set[int]:
    values, counts = np.unique(window[:, 5], return_counts=True)
    return {int(v) for v, count in zip(values, counts, strict=True) if v >= 1000 and count > 3}


INTERVALS = (Interval(50, 80, "punch"), Interval(150, 250, "flex"), Interval(332, 372, "punch"))


def expected_label(start: int) -> str | None:
    """By counting samples: 0.7 of a gesture makes it that, up to 0.3 is still idle."""
    shares = {}
    for interval in INTERVALS:
        seen = len(set(range(start, start + LENGTH)) & set(range(interval.start, interval.stop)))
        whole = interval.stop - interval.start
        shares[seen / min(whole, LENGTH)] = interval.label
    if max(shares) >= 0.7:
        return shares[max(shares)]
    return "idle" if max(shares) <= 0.3 else None


def test_a_window_is_called_by_how_much_of_a_gesture_is_in_view() -> None:
    long = [replace(ruled("punch", n + 10), intervals=INTERVALS) for n in range(5)]
    window = {"seen": 0.7, "unseen": 0.3}
    dataset = made([*TAKES, *long], window=window, unknown={"share": 0})
    names = {recording.name for recording in long}
    wanted = {s: expected_label(s) for s in range(0, 400 - LENGTH + 1, HOP)}
    wanted = {start: label for start, label in wanted.items() if label is not None}
    assert set(wanted.values()) == {"punch", "flex", "idle"}
    aligned = {45: "punch", 160: "flex", 200: "flex", 332: "punch"}
    apart = {s: label for s, label in wanted.items() if s % LENGTH == 0 and label == "idle"}
    for part, expected in (("train", wanted), ("validation", wanted), ("test", aligned | apart)):
        found: dict[str, dict[int, str]] = {}
        for window, label, name in labelled(dataset, part):
            if name in names:
                found.setdefault(name, {})[start_of(window)] = label
        if part == "train":
            assert len(found) >= 2
        for labels in found.values():
            assert labels == expected


def test_a_gesture_at_the_edge_is_tested_in_a_window_that_is_there() -> None:
    edges = (Interval(0, 10, "punch"), Interval(100, 104, "flex"))
    streams = [replace(ruled("punch", n + 10, n=104), intervals=edges) for n in range(5)]
    for window, label, name in labelled(made([*TAKES, *streams]), "test"):
        if name.endswith(("010", "011", "012", "013", "014")) and label != "idle":
            assert start_of(window) == (0 if label == "punch" else 64)


def test_where_something_always_happens_there_is_no_background() -> None:
    whole = (Interval(0, 400, "punch"),), (Interval(0, 400, "flex"),)
    streams = [
        replace(ruled(intervals[0].label, n), intervals=intervals)
        for intervals in whole
        for n in range(5)
    ]
    dataset = made(streams)
    assert dataset.labels == ("flex", "punch")
    assert len(dataset.splits["test"]) == 2 * 10  # 400 samples hold ten windows of 40


def test_leaky_windows_of_one_take_are_on_both_sides_and_rests_are_not_tested() -> None:
    dataset = made(marked(TAKES), split={"by": "leaky"})
    together = np.concatenate([dataset.splits[part] for part in PARTS])
    assert sorted(together) == list(range(len(dataset.groups)))
    names = {part: {name for _, _, name in labelled(dataset, part)} for part in PARTS}
    assert names["test"] & names["train"]
    assert {label for _, label, _ in labelled(dataset, "test")} == set(GESTURES)
    assert "leaky" in dataset.split_note
    known = made(marked(TAKES), split={"by": "leaky"}, unknown={"share": 0})
    more = len(dataset.splits["train"]) / len(known.splits["train"])
    assert more == pytest.approx(2, rel=0.1)  # unknown motion is learned as in an honest split
    tested = [
        w.tobytes()
        for k in range(5)
        for w, _, _ in labelled(made(marked(TAKES), split={"by": "leaky", "fold": k}), "test")
    ]
    assert len(tested) == len(set(tested))  # every window is tested once


def test_the_share_that_counts_can_be_set() -> None:
    strict = made(TAKES, window={"seen": 1.0, "unseen": 0.0})
    for window, label, _ in labelled(made(marked(TAKES), window={"seen": 1.0}), "train"):
        assert label == "idle" or (window[:, 5] >= 1000).all()
    assert len(strict.splits["train"]) < len(made(TAKES).splits["train"])


def test_no_window_spans_a_gap() -> None:
    holed = []
    for number in range(1, 8):
        idle, at = ruled("idle", number), 40 * number + 13
        seq = idle.seq + np.where(np.arange(400) >= at, 3, 0)
        holed.append(replace(idle, seq=seq))
    gap_at = {recording.name: 40 * n + 13 for n, recording in enumerate(holed, start=1)}
    dataset = made([*TAKES, *holed])
    seen = set()
    for part in PARTS:
        for window, label, name in labelled(dataset, part):
            if name in gap_at:
                start = start_of(window)
                assert label == "idle"
                assert not start < gap_at[name] < start + LENGTH
                seen.add((name, start < gap_at[name]))
    assert len(seen) == 14  # both sides of every gap are used


@pytest.mark.parametrize("fold", range(5))
def test_no_test_take_is_seen_in_training(fold: int) -> None:
    recordings = marked(takes((*GESTURES, "idle"), n=70))
    dataset = made(recordings, split={"fold": fold})
    marks = {
        part: set().union(*(marks_in(window) for window, _, _ in labelled(dataset, part)))
        for part in PARTS
    }
    names = {part: {name for _, _, name in labelled(dataset, part)} for part in PARTS}
    for one, other in (("train", "test"), ("validation", "test"), ("train", "validation")):
        assert not marks[one] & marks[other]
        assert not names[one] & names[other]
    assert sum(len(found) for found in marks.values()) == len(recordings)


def test_windows_carry_the_name_of_the_take_they_show() -> None:
    recordings = marked(TAKES)
    mark_of = {recording.name: {int(recording.samples[0, 5])} for recording in recordings}
    for part in PARTS:
        for window, label, name in labelled(made(recordings), part):
            if label != "idle":
                assert marks_in(window) == mark_of[name]
                assert name.startswith(label)


def test_many_takes_are_joined_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every take is seen, by its name, and what fits into one stream is cut as before."""
    whole = made(TAKES)
    monkeypatch.setattr(windows, "MOST_JOINED", len(TAKES))
    np.testing.assert_array_equal(made(TAKES).samples, whole.samples)
    monkeypatch.setattr(windows, "MOST_JOINED", 4)
    dataset = made(marked(TAKES))
    mark_of = {recording.name: 1000 + 50 * number for number, recording in enumerate(TAKES)}
    found = {
        name: marks_in(window)
        for window, label, name in labelled(dataset, "train")
        if label != "idle"
    }
    assert set(found) == {name for _, label, name in labelled(whole, "train") if label != "idle"}
    assert all(mark_of[name] in marks for name, marks in found.items())


def test_an_aligned_window_is_the_middle_of_its_take() -> None:
    recordings = takes(GESTURES, n=75)
    named = {recording.name: recording for recording in recordings}
    found = labelled(made(recordings), "test")
    assert len(found) == 2
    for window, label, name in found:
        np.testing.assert_array_equal(window, named[name].samples[17 : 17 + LENGTH])
        assert label == named[name].label


def test_a_take_shorter_than_the_window_has_rest_around_it() -> None:
    recordings = takes(GESTURES, n=16)
    named = {recording.name: recording for recording in recordings}
    for window, _, name in labelled(made(recordings), "test"):
        np.testing.assert_array_equal(window[12:28], named[name].samples)
        assert window.shape == (LENGTH, 6)
    assert {label for _, label, _ in labelled(made(recordings), "train")} == {*GESTURES, "idle"}


def test_idle_recordings_are_cut_at_the_hop_and_tested_without_overlap() -> None:
    dataset = made([*TAKES, *(ruled("idle", n) for n in range(1, 7))])
    for part, step in (("train", HOP), ("test", LENGTH)):
        starts: dict[str, list[int]] = {}
        for window, label, name in labelled(dataset, part):
            if name.startswith("idle"):
                assert label == "idle"
                starts.setdefault(name, []).append(start_of(window))
        assert starts
        assert all(found == list(range(0, 361, step)) for found in starts.values())


def test_idle_shorter_than_a_window_is_not_lost() -> None:
    dataset = made([*TAKES, *takes(("idle",), n=30)])
    idle = [(w, name) for w, label, name in labelled(dataset, "test") if label == "idle"]
    assert len(idle) == 1
    assert any(name.startswith("idle") for _, _, name in labelled(dataset, "train"))


def test_background_is_made_where_nobody_recorded_any() -> None:
    dataset = made(TAKES)
    assert dataset.labels == ("flex", "punch", "idle")
    for part in ("train", "validation"):
        idle = [window for window, label, _ in labelled(dataset, part) if label == "idle"]
        assert len(idle) > 5
        g = np.linalg.norm([window[:, :3] for window in idle], axis=2)
        assert np.median(g) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("background", ["aaa", "zzz"])
def test_background_is_the_last_label(background: str) -> None:
    recordings = takes(("punch", background, "flex"))
    dataset = made(recordings, data={"background": background})
    assert dataset.labels == ("flex", "punch", background)


def test_only_the_labels_asked_for_and_the_background() -> None:
    recordings = takes((*GESTURES, "wave", "idle"))
    dataset = made(recordings, data={"labels": ["wave", "flex"]})
    assert dataset.labels == ("flex", "wave", "idle")
    assert {name.split("/")[0] for name in dataset.groups} == {"flex", "wave", "idle"}


def test_a_stream_among_the_takes_adds_its_labels_not_its_own() -> None:
    intervals = (Interval(50, 90, "wave"),)
    streams = [replace(ruled("stream", n), intervals=intervals) for n in range(5)]
    assert made([*TAKES, *streams]).labels == ("flex", "punch", "wave", "idle")


def test_channels_are_found_by_name() -> None:
    mixed = ("gz", "ax", "gx", "ay", "gy", "az")
    order = [TAKES[0].channels.index(channel) for channel in mixed]
    shuffled = [replace(t, samples=t.samples[:, order], channels=mixed) for t in TAKES]
    np.testing.assert_array_equal(all_windows(made(shuffled)), all_windows(made(TAKES)))


def test_config_and_data_alone_decide() -> None:
    first, again = made(TAKES), made(list(TAKES))
    np.testing.assert_array_equal(all_windows(first), all_windows(again))
    np.testing.assert_array_equal(first.targets, again.targets)
    assert (first.groups, first.fingerprint) == (again.groups, again.fingerprint)
    assert made(TAKES, augment={"seed": 2}).groups != first.groups
    assert made(TAKES[:-1], split={"folds": 4}).fingerprint != first.fingerprint


def test_shapes_and_types() -> None:
    dataset = made(TAKES)
    windows = all_windows(dataset)
    assert windows.shape == (len(dataset.targets), LENGTH, 6)
    assert (windows.dtype, dataset.targets.dtype) == (np.float32, np.int32)
    together = np.concatenate([dataset.splits[part] for part in PARTS])
    assert sorted(together) == list(range(len(dataset.groups)))
    assert dataset.split_note == "by take, fold 1 of 5"


def test_every_pass_adds_a_stream_and_augments_it() -> None:
    known = {"unknown": {"share": 0}}
    one, three = made(TAKES, **known), made(TAKES, augment={"passes": 3}, **known)
    ratio = len(three.splits["train"]) / len(one.splits["train"])
    assert ratio == pytest.approx(3, rel=0.1)
    for part in ("validation", "test"):
        np.testing.assert_array_equal(one.part(part)[0], three.part(part)[0])
    still = {"rotation_deg": 0, "gain": 0, "stretch": 0}
    unvaried = made(TAKES, augment={"passes": 3, **still}, **known)
    assert not np.array_equal(unvaried.part("train")[0][-1], three.part("train")[0][-1])


def test_continuous_recordings_are_augmented_with_their_gestures_in_place() -> None:
    """ax is 1 in gestures and 0 between them: what a window shows is what it is called."""
    spans = (range(80, 180), range(280, 380), range(480, 580))
    streams = []
    for number in range(6):
        label = GESTURES[number % 2]
        recording = take(label, number, n=700)
        samples = np.zeros((700, 6), np.float32)
        for span in spans:
            samples[span.start : span.stop, 0] = 1
        intervals = tuple(Interval(span.start, span.stop, label) for span in spans)
        streams.append(replace(recording, samples=samples, intervals=intervals))
    tempo = {"rotation_deg": 0, "gain": 0, "stretch": 0.3, "warp": 0.3}
    shown = {"seen": 0.85, "unseen": 0.4}
    known = {"unknown": {"share": 0}, "split": {"folds": 2}, "window": shown}
    one = made(streams, **known)
    four = made(streams, augment={"passes": 4, **tempo}, **known)
    count = len(one.splits["train"])
    assert len(four.splits["train"]) == pytest.approx(4 * count, rel=0.15)
    np.testing.assert_array_equal(four.part("train")[0][:count], one.part("train")[0])
    for window, label, _ in labelled(four, "train"):
        shown = window[:, 0].mean()
        assert shown < 0.55 if label == "idle" else shown > 0.8, label
    once, varied = (
        {window.tobytes() for window, _, _ in labelled(dataset, "train")} for dataset in (one, four)
    )
    assert len(varied) > 2 * len(once)


def test_windows_of_a_pass_begin_elsewhere_in_continuous_recordings() -> None:
    idle = [replace(ruled("idle", n), name=f"idle/anna-1-{n}") for n in range(200, 206)]
    still = {"rotation_deg": 0, "gain": 0, "stretch": 0, "passes": 24}

    def begun(shift: float) -> set[int]:
        dataset = made([*TAKES, *idle], augment={**still, "shift": shift})
        rests = [w for w, _, name in labelled(dataset, "train") if name.startswith("idle")]
        return {start_of(window) % HOP for window in rests if window[1, 0] > window[0, 0]}

    assert begun(0) == {0}
    assert begun(0.5) == set(range(HOP // 2 + 1))
    assert begun(1) == set(range(HOP))


def refused(recordings: Sequence[Recording], **sections: dict[str, Any]) -> PipelineError:
    with pytest.raises(PipelineError) as caught:
        made(recordings, **sections)
    return caught.value


def test_a_take_with_a_gap_is_named() -> None:
    holed = replace(TAKES[3], seq=TAKES[3].seq + (np.arange(60) > 30) * 4)
    error = refused([*TAKES[:3], holed, *TAKES[4:]])
    assert error.what.startswith(f"{holed.name} lost 4 of its samples")
    assert "record it again" in error.next_step


def test_a_label_that_was_never_recorded() -> None:
    error = refused(TAKES, data={"labels": ["flex", "wave"]})
    assert error.what == "No recording is labelled wave."
    assert "data.labels" in error.why


def test_takes_of_another_rate_and_of_a_drifting_clock_are_used() -> None:
    for other in takes(GESTURES, ("ben",), n=50):
        dataset = made([*TAKES, replace(other, rate_hz=100.0)])
        assert other.name in dataset.groups
    assert made([replace(recording, rate_hz=118.0) for recording in TAKES])


def test_a_missing_channel_is_named() -> None:
    axes = ("ax", "ay", "az")
    short = [replace(t, samples=t.samples[:, :3], channels=axes) for t in TAKES]
    assert "flex/anna-1-001 has no channel gx; it has ax, ay, az." in refused(short).what
    assert all_windows(made(short, data={"channels": axes})).shape[2] == 3


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_no_number_is_found(value: float) -> None:
    samples = TAKES[2].samples.copy()
    samples[17, 4] = value
    error = refused([*TAKES[:2], replace(TAKES[2], samples=samples), *TAKES[3:]])
    assert error.what == f"{TAKES[2].name} has a value that is not a number, in sample 17."


def test_a_take_too_short_to_be_one() -> None:
    error = refused([*TAKES, take("punch", 9, n=9)])
    assert error.what == "punch/anna-1-009 has 9 samples; a take needs at least 10."
    assert made([*TAKES, take("punch", 9, n=10)])


def test_no_recordings() -> None:
    assert "no recordings" in refused([]).what


def test_scaling_has_one_factor_a_sensor_and_no_offset() -> None:
    dataset = made(marked(TAKES))
    inputs, _ = dataset.part("train")
    scaling = measure_scaling(dataset, IMU_CHANNELS)
    assert scaling.mean == (0.0,) * 6
    assert len(set(scaling.std[:3])) == len(set(scaling.std[3:])) == 1
    scaled = scale(inputs, scaling)
    assert scaled.dtype == np.float32
    assert scaled[..., :3].std() == pytest.approx(1, rel=1e-3)
    assert scaled[..., 3:].std() == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(scaled * np.array(scaling.std), inputs, rtol=1e-5)


def test_a_sensor_that_never_moved_does_not_divide_by_zero() -> None:
    dataset = made(TAKES)
    still = replace(dataset, samples=np.zeros_like(dataset.samples))
    assert min(measure_scaling(still, IMU_CHANNELS).std) > 0
