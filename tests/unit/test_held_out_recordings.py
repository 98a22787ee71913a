"""The recordings a run keeps: those that its training never saw, as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.core.artifacts import Interval, Recording
from pipeline.datasets.held_out_recordings import HeldOutRecordings, held_out
from pipeline.datasets.windows import make_dataset
from tests.takes import config, take, takes

RECORDINGS = [*takes(("flex", "punch"), each=10), *takes(("clap",), each=3)]


def test_they_are_those_of_the_split_and_what_the_model_does_not_know() -> None:
    chosen = config(data={"labels": ["flex", "punch"]})
    held, dataset = held_out(RECORDINGS, chosen), make_dataset(RECORDINGS, chosen)
    for part in ("validation", "test"):
        names = {dataset.groups[index] for index in dataset.splits[part]}
        assert {recording.name for recording in getattr(held, part)} >= names
    learned = {dataset.groups[index] for index in dataset.splits["train"]}
    assert not learned & {one.name for one in (*held.validation, *held.test, *held.unseen)}
    assert {one.label for one in held.unseen} == {"clap"}


def test_nothing_is_held_out_where_windows_are_dealt_at_random() -> None:
    assert held_out(RECORDINGS, config(split={"by": "leaky"})) == HeldOutRecordings((), (), ())


def test_motion_learned_as_background_is_not_unseen() -> None:
    sections = {"data": {"labels": ["flex", "punch"]}, "unknown": {"labels": ["clap"]}}
    assert held_out(RECORDINGS, config(**sections)).unseen == ()


def test_they_come_back_as_they_were(tmp_path: Path) -> None:
    gap = replace(take("punch", 7), seq=np.arange(60) * 2, intervals=(Interval(3, 9, "punch"),))
    held = HeldOutRecordings((take("flex"),), (gap, take("punch", 8, n=45)), ())
    held.save(tmp_path / "kept.npz")
    again = HeldOutRecordings.load(tmp_path / "kept.npz")
    assert [len(again.validation), len(again.test), len(again.unseen)] == [1, 2, 0]
    for one, other in zip(held.test, again.test, strict=True):
        same(one, other)


def test_channels_that_the_model_does_not_see_are_zero(tmp_path: Path) -> None:
    seen = replace(take("flex"), samples=take("flex").samples[:, :3], channels=("ax", "ay", "az"))
    HeldOutRecordings((seen,), (), ()).save(tmp_path / "kept.npz")
    (kept,) = HeldOutRecordings.load(tmp_path / "kept.npz").validation
    assert np.array_equal(kept.thousandths[:, :3], seen.thousandths)
    assert not kept.samples[:, 3:].any()


def same(one: Recording, other: Recording) -> None:
    for name in ("name", "label", "person", "session", "rate_hz", "intervals"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("thousandths", "seq", "t_us"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
