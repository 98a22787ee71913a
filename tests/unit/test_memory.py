"""Long recordings are read and written without being in memory many times over."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

from pipeline.datasets.import_csv import read_plain
from pipeline.datasets.recordings import load_recording, save_recording
from tests.takes import take

ROWS = 10_000


def peak_bytes(work: Callable[[], object]) -> int:
    """The most that was in use at once, beside what was before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_large_file_of_others_takes_a_few_times_its_size(tmp_path: Path) -> None:
    file = tmp_path / "walk.csv"
    rows = (f"{n % 997}.125,0.25,-0.5,1.5,-2.5,3.5\n" for n in range(ROWS))
    file.write_text("az,ay,ax,gx,gy,gz\n" + "".join(rows))
    assert len(read_plain(file).takes[0].samples) == ROWS
    assert peak_bytes(lambda: read_plain(file)) < 7 * file.stat().st_size


def test_a_long_recording_is_written_block_by_block(tmp_path: Path) -> None:
    rows = 4 * ROWS
    recording, file = take("walk", n=rows), tmp_path / "walk.csv"
    assert peak_bytes(lambda: save_recording(recording, file)) < 200 * rows
    assert len(load_recording(file)) == rows
