"""Labels inside a recording: a whole day is learned from like takes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Interval, Recording
from pipeline.datasets.exporters import export_dataset
from pipeline.datasets.held_out_recordings import held_out
from pipeline.datasets.intervals import (
    parts_named,
    single_takes,
    takes_of_each,
    without_labels,
)
from pipeline.datasets.inventory import inventory_of
from pipeline.datasets.lint import lint_dataset
from pipeline.datasets.protocols import honest_protocol, protocol_folds
from pipeline.datasets.splits import split_parts, split_units
from pipeline.datasets.windows import make_dataset, make_middles_dataset
from tests.takes import config, save_all, take

ROWS, EVERY = 60, 150  # of a take, and from take to take
LABELS = ("wave", "circle")


def day(person: str = "anna", session: str = "1", count: int = 10, first: int = 0) -> Recording:
    """A sitting: takes of two gestures in turn, with rest between them."""
    recording = take("day", 1, person, session, n=count * EVERY)
    starts = range(40, count * EVERY, EVERY)
    intervals = (
        Interval(start, start + ROWS, LABELS[(number + first) % 2])
        for number, start in enumerate(starts)
    )
    return replace(recording, intervals=tuple(intervals))


SITTINGS = [day(person, str(session)) for person in ("anna", "bo", "cem") for session in (1, 2)]


def test_takes_are_counted_and_cut_out_with_their_samples() -> None:
    assert takes_of_each(day(), "idle") == {"wave": 5, "circle": 5, "idle": 1}
    assert takes_of_each(take("up"), "idle") == {"up": 1}
    single = single_takes([day(), take("up")])
    assert Counter(one.label for one in single) == {"wave": 5, "circle": 5, "up": 1}
    np.testing.assert_array_equal(single[1].samples, day().samples[190 : 190 + ROWS])
    assert not any(one.intervals for one in single)


def test_a_part_is_found_again_by_its_name() -> None:
    units = split_units([day()], config())
    names = {unit.name for unit in units.units[2:5]}
    found = parts_named([day(), take("up")], names)
    assert {one.name for one in found} == names
    rows = {one.name: one.seq.tolist() for one in found}
    assert rows == {unit.name: unit.seq.tolist() for unit in units.units[2:5]}


def test_takes_of_other_labels_are_missing_and_no_background() -> None:
    rest = without_labels(day(), {"wave"})
    assert {part.label for part in rest.intervals} == {"circle"}
    assert len(rest) == len(day()) - 5 * ROWS
    for part, whole in zip(rest.intervals, day().intervals[1::2], strict=True):
        np.testing.assert_array_equal(
            rest.samples[part.start : part.stop], day().samples[whole.start : whole.stop]
        )
    dataset = make_dataset(SITTINGS, config(data={"labels": ["circle"]}))
    assert dataset.labels == ("circle", "idle")
    hidden = {tuple(one.samples[70].tolist()) for one in SITTINGS}
    assert hidden.isdisjoint(map(tuple, dataset.samples.tolist()))


@pytest.mark.parametrize(("by", "folds"), [(None, 3), ("session", 6), ("person", 3), ("take", 5)])
def test_sittings_of_people_are_split_by_either(by: str | None, folds: int) -> None:
    settings = config(split={"by": by, "folds": None if by == "session" else 5})
    split, parts = split_parts(SITTINGS, settings)
    assert split.folds == folds
    group = {"session": lambda r: (r.person, r.session), "take": lambda r: r.name}
    of = group.get(by or "", lambda r: r.person)
    assert parts["test"]
    assert {of(r) for r in parts["test"]}.isdisjoint(of(r) for r in parts["train"])
    assert make_dataset(SITTINGS, settings).labels == ("circle", "wave", "idle")


@pytest.mark.parametrize("first", [0, 1])
def test_one_day_is_split_between_its_takes(first: int) -> None:
    whole = day(count=20, first=first)
    _, parts = split_parts([whole], config())
    rows = {part: np.concatenate([r.seq for r in parts[part]]) for part in parts}
    assert sorted(np.concatenate(list(rows.values()))) == whole.seq.tolist()
    for recordings in parts.values():
        counts = sum((takes_of_each(one, "idle") for one in recordings), Counter())
        assert {"wave", "circle"} <= set(counts)
    together = sum(len(one.intervals) for one in parts["train"])
    assert len(parts["train"]) < together  # neighbours are one stretch again
    dataset = make_dataset([whole], config())
    assert {part: len(of) > 0 for part, of in dataset.splits.items()} == dict.fromkeys(parts, True)
    kept = held_out([whole], config())
    assert {one.name for one in kept.test} == {one.name for one in parts["test"]}


def test_an_activity_of_an_hour_is_split_too() -> None:
    long = replace(day(), intervals=(Interval(0, 700, "walk"), Interval(700, 1500, "sit")))
    _, parts = split_parts([long], config(split={"folds": 3}))
    for part in ("train", "test"):
        assert {i.label for one in parts[part] for i in one.intervals} == {"walk", "sit"}


def test_protocols_and_learning_curves_count_takes_in_recordings() -> None:
    assert honest_protocol(SITTINGS, config()) == "lopo"
    assert len(protocol_folds(SITTINGS, config(), "session")) == len(SITTINGS)
    assert len(protocol_folds([day(count=20)], config(), "kfold")) == 5
    dataset = make_middles_dataset([day()], config())
    assert len(set(dataset.groups)) == 10


def test_lists_and_findings_count_takes_in_recordings(tmp_path: Path) -> None:
    save_all(tmp_path, [day("anna", count=20), day("bo", count=20), day("cem", count=5)])
    inventory = inventory_of(tmp_path)
    takes = {(share.label, share.person): share.takes for share in inventory.shares}
    assert takes["wave", "anna"] == 10
    assert (inventory.takes, len(inventory.long)) == (45, 3)
    said = " ".join(finding.what for finding in lint_dataset(tmp_path).findings)
    assert "day" not in said.replace(str(tmp_path), "")
    assert "cem made 5 takes in all" in said


def test_the_tutorials_format_has_the_takes_inside_recordings(tmp_path: Path) -> None:
    save_all(tmp_path / "mine", [day()])
    report = export_dataset(tmp_path / "mine", tmp_path / "out", "tutorial")
    assert (report.takes, report.left_out) == (10, ())
    lines = (tmp_path / "out" / "anna" / "wave.csv").read_text().split("\n\n")
    assert [len(block.strip().splitlines()) for block in lines] == [ROWS + 1, *[ROWS] * 4, 0]
