"""What a search does not see: all of the test people, whatever they recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.core.artifacts import Interval, Recording
from pipeline.core.errors import PipelineError
from pipeline.core.original_names import OriginalNames
from pipeline.datasets.protocols import protocol_folds
from pipeline.datasets.splits import split_parts
from pipeline.workflows.fold import GestureData
from pipeline.workflows.search.held_out import HeldOut, inner_job
from tests.takes import config, take, takes

PEOPLE = ("anna", "ben", "eva", "tom")
NAMES = OriginalNames({})


def held_out(recordings: list[Recording], **split: object) -> HeldOut:
    return HeldOut.of(GestureData(tuple(recordings), NAMES), config(split=split))


def test_a_test_person_is_in_no_inner_fold_with_anything() -> None:
    recordings = takes(("flex", "punch"), PEOPLE, each=3)
    recordings += [replace(one, name=f"p{one.name}", pulled="punch") for one in recordings[::5]]
    daily = [take("idle", 1, person, n=400) for person in (*PEOPLE, "zoe")]
    recordings += [replace(one, name=f"everyday/{one.name}", everyday=True) for one in daily]
    for fold in range(len(PEOPLE)):
        held = held_out(recordings, fold=fold)
        (tested,) = {name.split("/")[1].split("-")[0] for name in held.test}
        assert tested not in {one.person for one in held.seen.recordings}
        assert len(held.inner) == 3
        within = [
            {
                one.person
                for one in split_parts(takes_of(held), config(split=vars(split)))[1]["test"]
            }
            for split in held.inner
        ]
        assert set().union(*within) == set(PEOPLE) - {tested}


def takes_of(held: HeldOut) -> list[Recording]:
    return [one for one in held.seen.recordings if one.pulled is None and not one.everyday]


def test_the_test_part_is_that_of_an_evaluation() -> None:
    recordings = takes(("flex", "punch"), PEOPLE, each=3)
    by_person = config(split={"by": "person"})
    outer = protocol_folds(recordings, by_person, "lopo")
    for fold, of_evaluation in enumerate(outer):
        test = split_parts(recordings, of_evaluation)[1]["test"]
        assert set(held_out(recordings, fold=fold).test) == {one.name for one in test}


def test_a_day_in_one_recording_is_held_out_in_parts() -> None:
    pieces = [take(label, number) for number in range(6) for label in ("flex", "punch")]
    day = replace(
        take("day", n=12 * 120),
        intervals=tuple(
            Interval(120 * place + 30, 120 * place + 90, one.label)
            for place, one in enumerate(pieces)
        ),
    )
    held = held_out([day], folds=3)
    names = [one.name for one in held.whole.recordings]
    assert len(set(names)) == len(names) > 3
    assert not set(held.test) & {one.name for one in held.seen.recordings}
    assert held.seen.fingerprint() != held.whole.fingerprint()


def test_an_inner_fold_is_another_job_for_other_test_people() -> None:
    recordings = takes(("flex", "punch"), PEOPLE, each=3)
    keys = set()
    for fold in (0, 1):
        held = held_out(recordings, fold=fold)
        keys.add(inner_job(config(), held.inner[0], held.seen.fingerprint(), "").key)
    assert len(keys) == 2


def test_too_few_people_for_folds_within_folds_are_refused() -> None:
    with pytest.raises(PipelineError, match="too few"):
        held_out(takes(("flex", "punch"), ("anna", "ben"), each=3), by="person")


def test_a_leaky_split_is_refused() -> None:
    with pytest.raises(PipelineError, match="leaky"):
        held_out(takes(("flex", "punch"), PEOPLE, each=3), by="leaky")
