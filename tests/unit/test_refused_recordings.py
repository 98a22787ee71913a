"""Recordings that no windows can be made of are named, with what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline.core.artifacts import Recording
from pipeline.core.errors import PipelineError
from tests.made_windows import TAKES, made
from tests.takes import take


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


def test_another_rate_is_refused_and_a_drifting_clock_is_not() -> None:
    error = refused([*TAKES, take("punch", 9, rate_hz=100)])
    assert error.what.startswith("punch/anna-1-009 was sampled at 100 Hz, the config asks for 119")
    assert "data.rate_hz to 100" in error.next_step
    assert made([replace(recording, rate_hz=118.0) for recording in TAKES])


def test_a_missing_channel_is_named() -> None:
    axes = ("ax", "ay", "az")
    short = [replace(t, samples=t.samples[:, :3], channels=axes) for t in TAKES]
    assert "flex/anna-1-001 has no channel gx; it has ax, ay, az." in refused(short).what
    assert made(short, data={"channels": axes}).inputs.shape[2] == 3


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
