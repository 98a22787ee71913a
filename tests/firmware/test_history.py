"""The last seconds that a board keeps in little memory, exactly as they were."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.datasets.recordings import load_recordings
from tests.firmware.building import (
    HERE,
    NO_MODEL,
    PROJECT,
    SANITIZED,
    STRICT,
    compile_c,
    library_sources,
)

MOST = 1024  # samples
Rows = list[list[int]]  # [n, 8]: seq, t_us, six values
Keep = Callable[[Any], Rows]


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Keep:
    request.getfixturevalue("host_compiler")
    sources = [HERE / "history_driver.c", *library_sources("history")]
    folder = tmp_path_factory.mktemp("history")
    program = compile_c(folder / "history", sources, [*STRICT, *SANITIZED], NO_MODEL)

    def run(rows: Any) -> Rows:
        text = "\n".join(" ".join(map(str, row)) for row in rows)
        result = subprocess.run([program], input=text, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stderr
        return [list(map(int, line.split())) for line in result.stdout.splitlines()]

    return run


def at_119_hz(values: Any) -> Rows:
    times = np.rint(np.arange(len(values)) * (1e6 / 119)).astype(int)
    return np.column_stack([np.arange(len(values)), times, values]).tolist()


@pytest.mark.parametrize("label", ["circle", "flex", "idle", "punch", "wave"])
def test_the_newest_of_any_gesture_are_all_kept(keep, label):
    recordings = load_recordings(PROJECT / "data" / "sample", [label])
    rows = at_119_hz(np.concatenate([recording.thousandths for recording in recordings]))
    assert len(rows) > 2 * MOST
    assert keep(rows) == rows[-MOST:]


def test_of_the_loudest_noise_the_newest_six_seconds_are_kept(keep):
    random = np.random.default_rng(1)
    loudest = [4000, 4000, 4000, 2_000_000, 2_000_000, 2_000_000]
    rows = at_119_hz(random.integers(np.negative(loudest), loudest, (3 * MOST, 6)))
    kept = keep(rows)
    assert 700 <= len(kept) < MOST
    assert kept == rows[-len(kept) :]


few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
int32 = st.integers(-(2**31), 2**31 - 1) | st.sampled_from([-(2**31), 2**31 - 1, 0, 1])


@few
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), *[int32] * 6), max_size=60
    ),
    times=st.integers(1, 40),
)
def test_no_number_is_too_large_to_come_back_as_it_was(keep, rows, times):
    rows = [list(row) for row in rows] * times
    kept = keep(rows)
    assert len(kept) >= min(len(rows), 200)
    assert kept == rows[len(rows) - len(kept) :]
