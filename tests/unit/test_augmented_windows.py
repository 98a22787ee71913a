"""Windows of training that were varied: more of them, each still called what it shows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.artifacts import Interval
from tests.made_windows import GESTURES, HOP, TAKES, labelled, made, ruled, start_of
from tests.takes import take


def test_every_pass_adds_a_stream_and_varies_it() -> None:
    known = {"unknown": {"share": 0}}
    one, three = made(TAKES, **known), made(TAKES, augment={"passes": 3}, **known)
    ratio = len(three.splits["train"]) / len(one.splits["train"])
    assert ratio == pytest.approx(3, rel=0.1)
    for part in ("validation", "test"):
        np.testing.assert_array_equal(one.part(part)[0], three.part(part)[0])
    still = {"rotation_deg": 0, "gain": 0, "stretch": 0}
    unvaried = made(TAKES, augment={"passes": 3, **still}, **known)
    assert not np.array_equal(unvaried.part("train")[0][-1], three.part("train")[0][-1])


def test_continuous_recordings_are_varied_with_their_gestures_in_place() -> None:
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
