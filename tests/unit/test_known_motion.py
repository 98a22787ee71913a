"""The check of recordings must see what it is there to see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.artifacts import Fault, Recording
from pipeline.datasets.recordings import save_recording
from tests.fixtures.known_motion import Checked, check_recording, index_of, motion, values_of

KNOWN = motion(300)


def rows(recording: Recording, *chosen: np.ndarray | slice) -> Recording:
    at = np.concatenate([np.arange(len(recording))[part] for part in chosen])
    parts = {name: getattr(recording, name)[at] for name in ("samples", "seq", "t_us")}
    return replace(recording, **parts)


def checked(recording: Recording, folder: Path) -> Checked:
    save_recording(recording, folder / "known.csv")
    return check_recording(folder / "known.csv")


def test_a_sample_says_which_it_is_and_a_changed_one_is_none() -> None:
    index = np.array([0, 1, 3999, 4000, 499_999], np.int64)
    values = values_of(index)
    assert index_of(values).tolist() == index.tolist()
    for column in range(6):
        changed = values.copy()
        changed[:, column] += 1
        assert (index_of(changed) != index).all()
        assert (index_of(changed) == -1).all()


def test_a_whole_recording_is_right(tmp_path: Path) -> None:
    seen = checked(rows(KNOWN, slice(7, 300)), tmp_path)
    assert (seen.samples, seen.missing, seen.wrong, seen.unreported) == (293, 0, 0, 0)


def test_a_gap_that_the_header_says_is_missing_and_one_that_it_hides_is_unreported(
    tmp_path: Path,
) -> None:
    seen = checked(rows(KNOWN, slice(0, 50), slice(53, 300)), tmp_path)
    assert (seen.missing, seen.wrong, seen.unreported) == (3, 0, 0)
    path = tmp_path / "known.csv"
    path.write_text(path.read_text().replace("3 before row 50", "2 before row 50"))
    assert check_recording(path).unreported == 1
    path.write_text(path.read_text().replace("2 before row 50", ""))
    assert check_recording(path).unreported == 1


def test_a_gap_that_the_count_hides_is_unreported(tmp_path: Path) -> None:
    cut = rows(KNOWN, slice(0, 50), slice(53, 300))
    seen = checked(replace(cut, seq=np.arange(len(cut), dtype=np.int64)), tmp_path)
    assert seen.unreported == 2  # not in the list of gaps, and numbered as if nothing were missing


def test_a_changed_a_doubled_and_a_late_sample_are_wrong(tmp_path: Path) -> None:
    changed = KNOWN.samples.copy()
    changed[20, 3] += 0.001
    assert checked(replace(KNOWN, samples=changed), tmp_path).wrong > 0
    doubled = KNOWN.samples.copy()
    doubled[20] = doubled[19]
    assert checked(replace(KNOWN, samples=doubled), tmp_path).wrong > 0
    later = KNOWN.t_us.copy()
    later[20:] += 1
    assert checked(replace(KNOWN, t_us=later), tmp_path).wrong == 1


@pytest.mark.parametrize(("faults", "wrong"), [((Fault("reboot", 1, 100),), 0), ((), 1)])
def test_a_restart_is_right_only_where_the_header_says_it(
    tmp_path: Path, faults: tuple[Fault, ...], wrong: int
) -> None:
    again = rows(KNOWN, slice(0, 100), slice(0, 100))
    t_us = np.concatenate([again.t_us[:100], again.t_us[100:] + 1_000_000])
    on = replace(again, seq=np.arange(200, dtype=np.int64), t_us=t_us, faults=faults)
    seen = checked(on, tmp_path)
    assert (seen.wrong > 0) == (wrong > 0)
